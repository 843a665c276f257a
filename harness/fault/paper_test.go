package fault

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// paper is an engine without any etcd. It is enough to find out what a fault would do, and to record which members the fault affects. The
// first member of each cluster leads. Other tests show what faults do to a real etcd.
type paper struct{ dir string }

func (paper) Name() string          { return "paper" }
func (paper) Timing() bound.Timing  { return bound.Production() }
func (p paper) Dir() string         { return p.dir }
func (paper) Run(body func()) error { body(); return nil }

func (paper) Start(_ context.Context, spec harness.Spec, _ harness.Env) (harness.Members, error) {
	m := &members{}
	for i := range spec.Members {
		m.up = append(m.up, "m"+strconv.Itoa(i+1))
	}
	return m, nil
}

type members struct {
	mu       sync.Mutex
	up       []string
	cut      []string // whose clients were cut
	stranded []string // whose clients were stranded
}

func (m *members) Status(member string) harness.Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, err := strconv.ParseUint(member[1:], 10, 64)
	if err != nil || !slices.Contains(m.up, member) {
		return harness.Status{}
	}
	return harness.Status{Up: true, ID: id, Leader: 1, Term: 2}
}

func (*members) Endpoint(string) string            { return "" }
func (*members) DialOptions(int) []grpc.DialOption { return nil }
func (*members) Direct(string) (harness.Direct, error) {
	return harness.Direct{}, errors.New("on paper only")
}
func (*members) Supports(point.Name) bool                          { return true }
func (*members) InForce(context.Context, string, point.Name) error { return nil }
func (*members) Connections(string) int                            { return 0 }
func (m *members) Kill(_ context.Context, member string) error     { return m.down(member) }
func (m *members) Remove(_ context.Context, member string) error   { return m.down(member) }
func (m *members) Restart(_ context.Context, member string) error  { return m.serve(member) }
func (m *members) Add(_ context.Context, member string) error      { return m.serve(member) }
func (*members) Wipe(context.Context, string) error                { return nil }
func (*members) Restore(context.Context, string) error             { return nil }
func (*members) Misadvertise(string, bool)                         {}
func (*members) Close() error                                      { return nil }

func (m *members) CutClients(member string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cut = append(m.cut, member)
}

func (m *members) StrandClients(member string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stranded = append(m.stranded, member)
}

func (m *members) Stranded(member string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.Contains(m.stranded, member) {
		return 1
	}
	return 0
}

func (m *members) down(member string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.up = slices.DeleteFunc(m.up, func(o string) bool { return o == member })
	return nil
}

func (m *members) serve(member string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.up = append(m.up, member)
	return nil
}

// onPaper runs a scenario with the engine paper, on cluster alpha with three members and TLS and beta with one, and returns the run's record.
func onPaper(t *testing.T, story func(*harness.World)) *record.Record {
	t.Helper()
	told := false
	result := harness.Execute(t.Context(), paper{t.TempDir()}, harness.Scenario{
		Name: "on-paper", Clusters: []harness.Spec{{Name: "alpha", Members: 3, TLS: true}, {Name: "beta", Members: 1}},
		Body: func(w *harness.World) {
			story(w)
			told = true
		},
	}, harness.Candidate{Name: "nobody", Workloads: []*harness.Workload{{Name: "nothing", Programs: func() []harness.Program { return nil }}}}, harness.Options{})
	require.True(t, told, "the story was not told to its end: %s", result)
	return result.Record
}
