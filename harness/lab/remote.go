package lab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// Promises say what a manager in another process is and promises, since nobody can ask it.
type Promises struct {
	// Within are the limits that it promises. None: what follows from the timing of a manager without a probe.
	Within harness.Limits
	// Poll is how often it reads, if it polls instead of watching. Zero: it watches.
	Poll time.Duration
	// Kinds are the kinds of facts that it shows. Empty: all of its workload.
	Kinds []string
}

// remoteCandidate is the candidate of a manager in a process of its own, which serves its view at a URL, as [Views]. The manager is told its clusters by whoever
// starts it. It is not closed at the end, and what it has in the clusters then is not looked for.
func remoteCandidate(url string, workloads []*harness.Workload, p Promises) harness.Candidate {
	return harness.Candidate{
		Name:      "the one at " + url,
		Summary:   "A manager in a process of its own.",
		New:       func(s harness.Setup) (harness.Manager, error) { return newRemote(url, s), nil },
		Workloads: workloads,
		Kinds:     p.Kinds,
		Within:    p.Within,
		Timing:    func(bound.Manager) bound.Manager { return bound.Manager{Poll: p.Poll} },
	}
}

// remote polls the view of a manager in another process.
type remote struct {
	url      string
	workload *harness.Workload
	every    time.Duration
	client   *http.Client
	cancel   context.CancelFunc
	polling  sync.WaitGroup

	mu    sync.Mutex
	views map[string]harness.View
}

var (
	_ harness.Manager  = (*remote)(nil)
	_ harness.Outliver = (*remote)(nil)
)

func newRemote(url string, s harness.Setup) *remote {
	ctx, cancel := context.WithCancel(context.Background())
	r := &remote{
		url: url, workload: s.Workload, every: s.Timing.Observe, client: newViewClient(), cancel: cancel, views: map[string]harness.View{},
	}
	r.polling.Go(func() { r.poll(ctx) })
	return r
}

// Apply does nothing: whoever started the manager has told it its clusters.
func (r *remote) Apply(context.Context, []harness.Target) error { return nil }

// View returns the view that the manager served last.
func (r *remote) View(cluster string) (harness.View, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.views[cluster]
	return v, ok
}

// Close ends the polling.
func (r *remote) Close() error {
	r.cancel()
	r.polling.Wait()
	r.client.CloseIdleConnections()
	return nil
}

// OutlivesRun says that the manager goes on.
func (r *remote) OutlivesRun() {}

// poll reads the view again and again until ctx ends.
func (r *remote) poll(ctx context.Context) {
	ticker := time.NewTicker(r.every)
	defer ticker.Stop()
	for {
		views, err := fetch(ctx, r.client, r.url)
		if ctx.Err() != nil {
			return
		}
		r.take(views, err)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// take keeps what the manager served. A manager that does not answer shows what it showed last, and nobody knows whether it takes it to be up to date.
func (r *remote) take(views Views, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := map[string]harness.View{}
	if err == nil {
		for _, c := range views.Clusters {
			v, wrong := c.view(r.workload)
			if wrong != nil {
				err = wrong
				break
			}
			v.Err = same(r.views[c.Cluster].Err, v.Err)
			now[c.Cluster] = v
		}
	}
	if err == nil {
		r.views = now
		return
	}
	for cluster, v := range r.views {
		v.Err, v.Health = same(v.Err, err), harness.HealthUnknown
		r.views[cluster] = v
	}
}

// same is the error that a manager shows now: the one before if it has the same text, so that it does not count as a new one.
func same(before, now error) error {
	if before != nil && now != nil && before.Error() == now.Error() {
		return before
	}
	return now
}

// viewTimeout is how long a manager may take to serve its view.
const viewTimeout = 2 * time.Second

func newViewClient() *http.Client {
	return &http.Client{Timeout: viewTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
}

// fetch reads the view at a URL.
func fetch(ctx context.Context, client *http.Client, url string) (Views, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Views{}, fmt.Errorf("the view: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return Views{}, fmt.Errorf("the view: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return Views{}, fmt.Errorf("the view at %s: %s", url, response.Status)
	}
	v, err := readViews(response.Body)
	if err != nil {
		return v, fmt.Errorf("%s: %w", url, err)
	}
	return v, nil
}

// awaitView blocks until the manager shows a view of every cluster, or ctx ends. It tells why not each time that it has looked.
func awaitView(ctx context.Context, url string, w *harness.Workload, clusters []string, every time.Duration, tell func(error)) {
	client := newViewClient()
	defer client.CloseIdleConnections()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		views, err := fetch(ctx, client, url)
		if err == nil {
			err = views.complete(w, clusters)
		}
		if err == nil {
			return
		}
		tell(err)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// complete returns an error unless there is a view of every cluster, and each shows something.
func (v Views) complete(w *harness.Workload, clusters []string) error {
	var errs []error
	for _, name := range clusters {
		c, ok := v.of(name)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("the view has no cluster %q", name))
		case len(c.Facts) == 0 && len(c.Keys) == 0:
			errs = append(errs, fmt.Errorf("the view of %s shows nothing yet", name))
		default:
			_, err := c.view(w)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
