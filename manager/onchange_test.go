package manager_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// told records the calls of OnChange.
type told struct {
	mu    sync.Mutex
	views []manager.View
	// inside is true during a call. Calls block until block is closed.
	inside bool
	block  chan struct{}
	t      *testing.T
}

func (c *told) change(cluster string, v manager.View) {
	c.mu.Lock()
	if c.inside || cluster != "alpha" {
		c.t.Errorf("two calls at once, or for %q", cluster)
	}
	c.inside = true
	c.views = append(c.views, v)
	c.mu.Unlock()
	if c.block != nil {
		<-c.block
	}
	c.mu.Lock()
	c.inside = false
	c.mu.Unlock()
}

func (c *told) all() []manager.View {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.views
}

func TestEveryChangeIsToldInOrderAcrossMembersAndSuccessors(t *testing.T) {
	for _, hedged := range []bool{false, true} {
		t.Run(fmt.Sprint("hedged=", hedged), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				alpha := etcdtest.StartFake(t, 3)
				seen := &told{t: t}
				cfg := watching(guard.Options{Hedged: hedged})
				cfg.OnChange = seen.change
				m := startManager(t, cfg, toFake(alpha, "alpha"))
				time.Sleep(time.Second)
				for i := range 60 {
					alpha.Put(jobKey, fmt.Sprint(i))
					switch i {
					case 20:
						alpha.Members[0].Freeze()
					case 40:
						target := toFake(alpha, "alpha")
						target.Endpoints = target.Endpoints[1:]
						require.NoError(t, m.Apply(t.Context(), []manager.Target{target}))
					}
					time.Sleep(100 * time.Millisecond)
				}
				time.Sleep(3 * time.Second)
				require.Equal(t, "59", job(view(t, m, "alpha")))
				shown := make(map[string]bool)
				var revision int64
				for _, v := range seen.all() {
					require.GreaterOrEqual(t, v.Revision, revision)
					require.Equal(t, uint64(1), v.Tenure)
					revision = v.Revision
					shown[job(v)] = true
				}
				for i := range 20 {
					require.True(t, shown[fmt.Sprint(i)], "%d was left out", i)
				}
				last := seen.all()[len(seen.all())-1]
				require.Equal(t, view(t, m, "alpha").Revision, last.Revision)

				require.NoError(t, m.Apply(t.Context(), nil))
				synctest.Wait()
				last = seen.all()[len(seen.all())-1]
				var gone *manager.ClusterGoneError
				require.ErrorAs(t, last.Err, &gone)
				require.False(t, gone.Closed)
			})
		})
	}
}

func TestAnotherTenureBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		seen := &told{t: t}
		cfg := watching(guard.Options{})
		cfg.OnChange = seen.change
		m := startManager(t, cfg, toFake(alpha, "alpha"))
		time.Sleep(time.Second)
		require.NoError(t, m.Apply(t.Context(), nil))
		require.NoError(t, m.Apply(t.Context(), []manager.Target{toFake(alpha, "alpha")}))
		time.Sleep(time.Second)
		require.Equal(t, uint64(2), view(t, m, "alpha").Tenure)
		require.NoError(t, m.Close())
		var tenure uint64
		for _, v := range seen.all() {
			require.GreaterOrEqual(t, v.Tenure, tenure)
			tenure = v.Tenure
		}
		last := seen.all()[len(seen.all())-1].Err
		require.ErrorIs(t, last, manager.ErrClosed)
	})
}

// OnChange may block and may call the manager: neither views nor other clusters wait for it.
func TestWhoIsToldHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		seen := &told{t: t, block: make(chan struct{})}
		cfg := watching(guard.Options{})
		cfg.OnChange = seen.change
		m := startManager(t, cfg, toFake(alpha, "alpha"))
		time.Sleep(time.Second)
		for i := range 5 {
			alpha.Put(jobKey, fmt.Sprint(i))
			synctest.Wait()
			require.Equal(t, fmt.Sprint(i), job(view(t, m, "alpha")))
		}
		require.Len(t, seen.all(), 1)
		close(seen.block)
		require.NoError(t, m.Close())
		views := seen.all()
		require.True(t, errors.Is(views[len(views)-1].Err, manager.ErrClosed), "Close waits until the last change was told")
		require.Equal(t, "4", job(views[len(views)-2]))
	})
}
