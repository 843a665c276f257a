package cli

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSideBySideHandsOnInOrderWhatIsDoneInAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		var got []int
		var at []time.Duration
		began := time.Now()
		sideBySide(t.Context(), 3, 10, func(_ context.Context, i int) int {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(time.Duration(10-i) * time.Second)
			return i * i
		}, func(i, square int) bool {
			require.Equal(t, i*i, square)
			got = append(got, i)
			at = append(at, time.Since(began))
			return true
		})
		require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, got)
		require.EqualValues(t, 3, most.Load())
		// The third call ends after 8 s, the second after 9 s, the first after 10 s. So all three results are passed on after 10 s.
		require.Equal(t, []time.Duration{10 * time.Second, 10 * time.Second, 10 * time.Second}, at[:3])
		require.Less(t, at[9], 55*time.Second/2, "one after the other it would take 55 s")
	})
}

func TestSideBySideEndsWhatItHasBegunWhenItIsToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun, ended atomic.Int32
		do := func(ctx context.Context, i int) int {
			begun.Add(1)
			defer ended.Add(1)
			if i < 2 {
				return i
			}
			<-ctx.Done()
			return -1
		}
		var got []int
		sideBySide(t.Context(), 2, 100, do, func(_, result int) bool {
			got = append(got, result)
			return result < 1
		})
		require.Equal(t, []int{0, 1}, got, "what was begun after the last is not handed on")
		require.Equal(t, begun.Load(), ended.Load())
		require.Less(t, begun.Load(), int32(10))
	})
}

func TestSideBySideHandsOnWhatWasInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var got []int
		sideBySide(ctx, 2, 100, func(ctx context.Context, i int) int {
			<-ctx.Done()
			return i
		}, func(_, result int) bool {
			got = append(got, result)
			return true
		})
		require.Equal(t, []int{0, 1}, got)
	})
}
