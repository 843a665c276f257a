package cli

import "context"

// waiting limits how many finished results may wait for an earlier one that is not finished: waiting times atOnce.
const waiting = 16

// sideBySide calls do for 0 to n-1, at most atOnce calls at the same time, and passes each result to each in the order of the numbers, as soon as
// the results before it are there. When ctx ends, or each returns false, it begins no further call and ends the context of the running ones. After
// each has returned false it is not called again. sideBySide blocks until every call that began has ended.
func sideBySide[T any](ctx context.Context, atOnce, n int, do func(context.Context, int) T, each func(int, T) (more bool)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begun := make(chan chan T, waiting*atOnce)
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
	i, more := 0, true
	for done := range begun {
		result := <-done
		if more && !each(i, result) {
			more = false
			cancel()
		}
		i++
	}
}
