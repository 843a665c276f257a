package lab

import (
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
)

// StateFormat is the name of the format of [State].
const StateFormat = "stormwatch.lab/1"

// State is what a session is like now. Times are in milliseconds since the world began.
type State struct {
	Format string `json:"format"`
	// Now is how long the session has gone on.
	Now float64 `json:"now"`
	// Manager is the name of the manager, Workload that of the workload.
	Manager  string `json:"manager"`
	Workload string `json:"workload"`
	// Joined is when the manager joined; null before, and if there is none. Waiting says why it has not joined yet.
	Joined   *float64       `json:"joined"`
	Waiting  string         `json:"waiting,omitempty"`
	Clusters []ClusterState `json:"clusters"`
	// Faults are the faults in force, the oldest first. Switches are those of the fault points that are on because of failpoint's handler.
	Faults   []InForce `json:"faults"`
	Switches []string  `json:"switches"`
}

// ClusterState is what a cluster is like now.
type ClusterState struct {
	Cluster string `json:"cluster"`
	// Leader is the member that a majority follows; empty if there is none.
	Leader  string        `json:"leader"`
	Term    uint64        `json:"term"`
	Members []MemberState `json:"members"`
	// Staleness is how old the oldest committed update is that the manager does not show, and Allowed how old it may be now. Staleness is null
	// while no manager has joined; Allowed is null if any staleness is allowed.
	Staleness *float64 `json:"staleness"`
	Allowed   *float64 `json:"allowed"`
	// Why says what the allowance follows from.
	Why string `json:"why,omitempty"`
	// Error is the last error of the manager's view, Claim what the manager says of its view ("up to date", "out of date"), Revision its revision.
	Error    string `json:"error,omitempty"`
	Claim    string `json:"claim,omitempty"`
	Revision int64  `json:"revision"`
	// Committed is how many updates the workload has committed.
	Committed int `json:"committed"`
}

// MemberState is what a member is like now.
type MemberState struct {
	Member   string `json:"member"`
	Endpoint string `json:"endpoint"`
	// Up says that it serves. Believes says that it takes itself for the leader, whether or not a majority follows it.
	Up       bool   `json:"up"`
	Believes bool   `json:"believes"`
	Term     uint64 `json:"term"`
	// Watches are the watches that it serves.
	Watches []WatchState `json:"watches"`
	// Faults are the expressions of the faults in force that affect it.
	Faults []string `json:"faults"`
}

// WatchState is an open watch, and how long ago the member sent something on it last, or opened it.
type WatchState struct {
	Key    string  `json:"key"`
	Opened float64 `json:"opened"`
	Silent float64 `json:"silent"`
}

// InForce is a fault that a command has injected.
type InForce struct {
	ID int `json:"id"`
	// Fault is the expression that was asked for, Text what it was with the names of members.
	Fault string  `json:"fault"`
	Text  string  `json:"text"`
	At    float64 `json:"at"`
}

// hits says whether a fault in force is on a member: whether it names the member, or if it names none, whether it affects it.
func hits(f record.Fault, m harness.Ref) bool {
	parsed, err := fault.Parse(f.Text) // what was switched on from outside is no expression
	group, others := parsed.Groups()
	if one, ok := parsed.Member(); err == nil && (ok || len(group)+len(others) > 0) {
		return one == m || slices.Contains(group, m) || slices.Contains(others, m)
	}
	return slices.Contains(f.Scope.Members, m.Member)
}

// ms is a time in milliseconds.
func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// state is what the session is like now. It may be called from any goroutine.
func (s *session) state() State {
	r := s.world.SoFar()
	st := State{Format: StateFormat, Now: ms(r.End), Manager: s.candidate.Name, Workload: s.workload().Name, Faults: []InForce{}, Switches: []string{}}
	s.mu.Lock()
	st.Waiting = s.waiting
	if s.joinedAt >= 0 {
		at := ms(s.joinedAt)
		st.Joined = &at
	}
	for _, i := range s.inForce {
		st.Faults = append(st.Faults, i.InForce)
	}
	for path := range s.thrown {
		st.Switches = append(st.Switches, path)
	}
	s.mu.Unlock()
	slices.Sort(st.Switches)
	for _, c := range s.world.Clusters() {
		st.Clusters = append(st.Clusters, clusterState(r, c))
	}
	return st
}

// workload is the workload in force. The run has checked that there is one.
func (s *session) workload() *harness.Workload {
	i := slices.IndexFunc(s.candidate.Workloads, func(w *harness.Workload) bool { return w.Name == s.options.Workload })
	return s.candidate.Workloads[max(i, 0)]
}

func clusterState(r *record.Record, c *harness.Cluster) ClusterState {
	name := c.Name()
	st := ClusterState{Cluster: name}
	for _, l := range r.Leaders {
		if l.Cluster == name {
			st.Leader, st.Term = l.Member, l.Term
		}
	}
	for _, one := range r.Commits {
		if one.Cluster == name {
			st.Committed++
		}
	}
	for _, v := range r.Views {
		if v.Cluster == name {
			st.Revision = v.Revision
		}
	}
	for _, e := range r.Errors {
		if e.Cluster == name {
			st.Error = e.Text
		}
	}
	for _, h := range r.Healths {
		if h.Cluster == name {
			st.Claim = string(h.Claim)
		}
	}
	st.measure(r)
	for _, m := range c.Members() {
		st.Members = append(st.Members, memberState(r, m))
	}
	return st
}

// measure fills in the staleness and what is allowed.
func (st *ClusterState) measure(r *record.Record) {
	t, ok := r.TenureAt(st.Cluster, r.End)
	if !ok {
		return
	}
	points, limits := r.Staleness(t), r.Allowed(t)
	if len(points) > 0 {
		now := ms(points[len(points)-1].Staleness)
		st.Staleness = &now
	}
	if len(limits) > 0 {
		last := limits[len(limits)-1]
		st.Why = last.Why
		if !last.Any {
			most := ms(last.Max)
			st.Allowed = &most
		}
	}
}

func memberState(r *record.Record, m *harness.Member) MemberState {
	cluster, name := m.Cluster().Name(), m.Name()
	st := MemberState{Member: name, Endpoint: m.Endpoint(), Watches: []WatchState{}, Faults: []string{}}
	for _, b := range r.Beliefs {
		if b.Cluster == cluster && b.Member == name {
			st.Up, st.Believes, st.Term = !b.Down, b.Leads, b.Term
		}
	}
	for _, w := range r.WatchesAt(cluster, r.End) {
		if w.Member == name {
			st.Watches = append(st.Watches, WatchState{Key: w.Key, Opened: ms(w.Opened), Silent: ms(r.End - max(w.Last, w.Opened))})
		}
	}
	for _, f := range r.FaultsAt(r.End) {
		if f.Scope.Cluster == cluster && hits(f, m.Ref()) {
			st.Faults = append(st.Faults, f.Text)
		}
	}
	return st
}
