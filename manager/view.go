package manager

import (
	"errors"
	"maps"
	"time"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// View is what a manager believes of a cluster at one instant. Its maps are shared between callers: they never change,
// and callers must not change them.
type View struct {
	// Prefixes has the keys and values of each of Config.Prefixes, and what is known of each watch.
	Prefixes map[string]guard.Snapshot
	// Revision is the revision of the cluster up to which the view is known to be complete: the lowest one of its watches.
	// It never falls within a tenure and a history. Zero until the cluster answered.
	Revision int64
	// History is how often the cluster was found restored from a backup in this tenure, see [guard.Snapshot]. The watches find
	// it one after another; meanwhile History and Revision are those of the watches that have not.
	History int
	// Healthy is true while all its watches are healthy. It says that updates will arrive, not that they have arrived; see
	// [guard.Snapshot].
	Healthy bool
	// Err is the last thing that went wrong. It stays after recovery, until something else goes wrong.
	Err error
	// Tenure is a number that the manager gives each time that it begins to manage a cluster. If a cluster is removed and
	// managed again, its view begins anew in another tenure. A changed target does not begin a new tenure.
	Tenure uint64
	// ClusterID is etcd's cluster id. If it changes within a tenure, the target leads to another cluster, whose revisions
	// and keys are not related to those before. Zero until the cluster answered.
	ClusterID uint64
}

// Proven is when the whole view was last known to be complete; zero if it never was.
func (v View) Proven() time.Time {
	var oldest time.Time
	first := true
	for _, s := range v.Prefixes {
		if first || s.Proven.Before(oldest) {
			oldest, first = s.Proven, false
		}
	}
	return oldest
}

// newView is the view of a cluster that has not answered yet.
func newView(prefixes []string, tenure uint64) View {
	v := View{Prefixes: make(map[string]guard.Snapshot, len(prefixes)), Err: ErrPending, Tenure: tenure}
	for _, prefix := range prefixes {
		v.Prefixes[prefix] = guard.Snapshot{Values: map[string]guard.Value{}, Err: ErrPending}
	}
	return v
}

// with returns the view updated by a snapshot of one watch.
func (v View) with(prefix string, s guard.Snapshot) View {
	before := v.Prefixes[prefix]
	v.Prefixes = maps.Clone(v.Prefixes)
	v.Prefixes[prefix] = s
	v.Revision, v.History, v.Healthy = s.Revision, s.History, true
	for _, other := range v.Prefixes {
		if other.History < v.History || other.History == v.History && other.Revision < v.Revision {
			v.Revision, v.History = other.Revision, other.History
		}
		v.Healthy = v.Healthy && other.Healthy
	}
	if s.ClusterID != 0 {
		v.ClusterID = s.ClusterID
	}
	switch {
	case s.Err != nil && s.Err != before.Err:
		v.Err = s.Err
	case v.Revision > 0 && errors.Is(v.Err, ErrPending):
		v.Err = nil
	}
	return v
}

// mayReplace reports whether v may follow the old view of another runtime: v is healthy, no step back in time, and confirmed,
// unless the old view is not healthy any more: the new watches may be on a member that delivers nothing. Revisions of
// different clusters cannot be compared; then it is enough that v is healthy.
//
// restored says that the cluster was restored from a backup, or replaced, since the old view was seen. v has no part of the
// history before, so it cannot find that out alone: a linearizable read that began after the old view had reached its
// revision shows an older one, or the keys contradict each other. rose is when each watch of the old view reached its
// revision.
func (v View) mayReplace(old View, rose map[string]time.Time) (may, restored bool) {
	if !v.Healthy {
		return false, false
	}
	if v.ClusterID != old.ClusterID {
		return true, false
	}
	for prefix, before := range old.Prefixes {
		s := v.Prefixes[prefix]
		switch {
		case old.Healthy && !s.Confirmed:
			return false, false
		case s.Revision < before.Revision && !s.Proven.After(rose[prefix]):
			return false, false
		case s.Revision < before.Revision || contradicts(s, before):
			restored = true
		}
	}
	return true, restored
}

// contradicts reports whether a snapshot cannot be of the history of an earlier one, although its revision is high enough: it
// has a key as it was before a write that is known, another value of the same write, or a key that was not there.
func contradicts(s, before guard.Snapshot) bool {
	for key, value := range s.Values {
		known, ok := before.Values[key]
		switch {
		case !ok && value.ModRevision <= before.Revision:
			return true
		case !ok || known.ModRevision > s.Revision: // one of two hedged streams has delivered what came after the snapshot
		case value.ModRevision < known.ModRevision, value.ModRevision == known.ModRevision && value.Value != known.Value:
			return true
		}
	}
	return false
}
