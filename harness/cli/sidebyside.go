package cli

import "context"

// ahead is how many things more than can be under way may be done and wait for one before them.
const ahead = 16

// sideBySide does n things, atOnce at a time, and hands on what came of each in their order, as soon as those before it are done. It begins no more
// when ctx ends or each returns false, which also ends the context that do is given; what each returned false for is the last that it is given.
// It blocks until all that was begun has ended.
func sideBySide[T any](ctx context.Context, atOnce, n int, do func(context.Context, int) T, each func(int, T) (goOn bool)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begun := make(chan chan T, ahead*atOnce)
	go func() {
		defer close(begun)
		free := make(chan struct{}, atOnce)
		for i := range n {
			select {
			case free <- struct{}{}:
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				return
			}
			done := make(chan T, 1)
			go func() {
				result := do(ctx, i)
				<-free
				done <- result
			}()
			begun <- done
		}
	}()
	i, goOn := 0, true
	for done := range begun {
		result := <-done
		if goOn && !each(i, result) {
			goOn = false
			cancel()
		}
		i++
	}
}
