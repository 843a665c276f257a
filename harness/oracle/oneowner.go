package oracle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// OneOwner requires of a thing that can be owned, for example a lock, that it has one owner:
//
//   - No two managers claim it at one instant.
//   - Nobody claims it without the key that makes it the owner: the key stands in the cluster, and it was not deleted, by its owner or with its lease.
//     The truth is what the cluster has committed, and not what one of its members says.
//   - Nobody goes on claiming it while it acts on what a member shows that is no longer in charge: while a manager claims something, its view is not
//     staler than allowed. [Freshness] fails then too; here it is said that an owner acted on it.
//
// A lease that a fault revokes before its time leaves the owner without any way to know. So the owner has [bound.Bounds.Told] to learn of it.
type OneOwner struct{}

// Name is "one owner".
func (OneOwner) Name() string { return "one owner" }

// Judge compares the claims of all managers with each other and with the keys that stood. r is the record of the first manager.
func (o OneOwner) Judge(r *record.Record) record.Verdict {
	all := ownerships(r)
	if len(all) == 0 {
		return notAsked(o, "no manager claims to own anything")
	}
	var wrong []violation
	for i := range all {
		wrong = append(wrong, all[i].beyond(r)...)
		wrong = append(wrong, all[i].stale()...)
		for _, other := range all[i+1:] {
			wrong = append(wrong, both(r, &all[i], &other)...)
		}
	}
	if len(wrong) == 0 {
		return passed(o, "%s, each with its key; %s", plural(len(all), "claim", "claims"), closestEnd(all))
	}
	first, worst := slices.MinFunc(wrong, byInstant), slices.MaxFunc(wrong, byLength)
	evidence := fmt.Sprintf("%s: %s", first.cluster, first.text)
	if len(wrong) > 1 {
		evidence += fmt.Sprintf("; %d such times in all", len(wrong))
	}
	if worst != first {
		evidence += fmt.Sprintf(", the longest %s at %s (%s)", brief(worst.off), record.Stamp(worst.at), worst.cluster)
	}
	return failed(o, first.cluster, first.at, "%s", evidence)
}

func byInstant(a, b violation) int { return int(a.at - b.at) }
func byLength(a, b violation) int  { return int(a.off - b.off) }

// ownership is a claim, the manager that made it, and the key that it rests on.
type ownership struct {
	record.Ownership
	by *record.Record
	// to is its end. key is the latest time from before it on in which its key stood; nil if it never did.
	to  time.Duration
	key *record.Holding
	// revoked says that a fault revoked the lease.
	revoked bool
}

// ownerships are the claims of all managers, in the order in which they began.
func ownerships(r *record.Record) []ownership {
	var all []ownership
	for _, manager := range append([]*record.Record{r}, r.Others...) {
		for _, o := range manager.Owned {
			all = append(all, newOwnership(r, manager, o))
		}
	}
	slices.SortStableFunc(all, func(a, b ownership) int { return int(a.From - b.From) })
	return all
}

func newOwnership(r, by *record.Record, o record.Ownership) ownership {
	one := ownership{Ownership: o, by: by, to: by.OwnedUntil(o)}
	for i := range r.Holdings {
		h := &r.Holdings[i]
		// The harness reads the keys at intervals, so it may have seen a new one later than its owner.
		if h.Cluster == o.Cluster && h.Key == o.Key && h.Lease == o.Lease && h.From <= o.From+r.Bounds().Calm() {
			one.key = h
		}
	}
	one.revoked = one.key != nil && one.key.To >= 0 && slices.ContainsFunc(r.Faults, func(f record.Fault) bool {
		return f.Scope.Cluster == o.Cluster && f.Scope.Revokes && f.From <= one.key.To && one.key.To <= r.Ended(f.To)+unread(r, f)
	})
	return one
}

// unread is how long after the end of a fault that revokes leases the harness may read that their keys are gone. After a restore, the members must elect
// a leader first.
func unread(r *record.Record, f record.Fault) time.Duration {
	if slices.ContainsFunc(r.Restores, func(s record.Restore) bool {
		return s.Cluster == f.Scope.Cluster && f.From <= s.At && s.At <= r.Ended(f.To)
	}) {
		return r.Timing.Election + r.Bounds().Calm()
	}
	return r.Bounds().Calm()
}

// String names the claim: who claims what, since when, under which lease.
func (o *ownership) String() string {
	return fmt.Sprintf("manager %d claimed %s from %s to %s (key %s, lease %x)",
		o.by.Manager, o.Thing, record.Stamp(o.From), record.Stamp(o.to), o.Key, o.Lease)
}

// beyond is the time of a claim in which its key did not stand.
func (o *ownership) beyond(r *record.Record) []violation {
	found := func(at, to time.Duration, why string) []violation {
		return []violation{{cluster: o.Cluster, at: at, off: to - at, text: fmt.Sprintf("%s, %s; %s", o, why, o.where(at))}}
	}
	if o.key == nil {
		if o.to-o.From <= r.Bounds().Calm() {
			return nil // too short to be compared with what the harness reads
		}
		return found(o.From, o.to, "but its key did not stand")
	}
	gone := r.Ended(o.key.To)
	allowed := gone
	if o.revoked {
		allowed += r.Bounds().Told()
	}
	if o.to <= allowed {
		return nil
	}
	from := max(gone, o.From)
	return found(from, o.to, fmt.Sprintf("but its key was gone at %s, as %s/%s showed at revision %d: claimed for %s without it",
		record.Stamp(gone), o.Cluster, o.key.Member, o.key.Gone, brief(o.to-from)))
}

// both is the time in which two managers claimed the same thing.
func both(r *record.Record, a, b *ownership) []violation {
	if a.by == b.by || a.Cluster != b.Cluster || a.Thing != b.Thing {
		return nil
	}
	from, to := max(a.From, b.From), min(a.excusedTo(), b.excusedTo())
	if from >= to {
		return nil
	}
	return []violation{{cluster: a.Cluster, at: from, off: to - from, text: fmt.Sprintf(
		"two managers owned %s for %s from %s on: %s; %s; %s; %s",
		a.Thing, brief(to-from), record.Stamp(from), a.withKey(r), b.withKey(r), a.where(from), b.connected(from))}}
}

// excusedTo is the end of the claim, or of its key if a fault revoked the lease.
func (o *ownership) excusedTo() time.Duration {
	if o.revoked {
		return min(o.to, o.key.To)
	}
	return o.to
}

// withKey is the claim with the time in which its key stood.
func (o *ownership) withKey(r *record.Record) string {
	switch {
	case o.key == nil:
		return o.String() + ", whose key never stood"
	case o.key.To < 0:
		return o.String() + ", whose key stood to the end"
	}
	return fmt.Sprintf("%s, whose key was gone at %s on %s/%s", o, record.Stamp(r.Ended(o.key.To)), o.Cluster, o.key.Member)
}

// stale is the first time in which a manager claimed something while its view was staler than allowed.
func (o *ownership) stale() []violation {
	for _, c := range allCircumstances(o.by) {
		if c.cluster != o.Cluster || c.until <= o.From || c.tenure.From >= o.to {
			continue
		}
		var t findings
		for _, s := range stalenessSegments(o.by, c.tenure) {
			s.from, s.to = max(s.from, o.From), min(s.to, o.to)
			t.judge(c, []segment{s}, func(at time.Duration) (limit, bool) {
				l, ok := c.at(at)
				return limit{l.Max, l.Why}, ok && !l.Any && !c.unseen
			})
		}
		if t.broken {
			return []violation{{cluster: o.Cluster, at: t.first.at, off: t.worst.height - t.worst.limit.value, text: fmt.Sprintf(
				"%s, and acted on a stale view meanwhile: %s; %s", o, t.evidence(o.by), o.connected(t.first.at))}}
		}
	}
	return nil
}

// where says who led, which faults were in force, and where the connections of the claim's manager were.
func (o *ownership) where(at time.Duration) string {
	return o.by.Situation(o.Cluster, at) + ", " + o.connected(at)
}

func (o *ownership) connected(at time.Duration) string {
	var to []string
	for _, c := range o.by.Connections {
		if c.Cluster == o.Cluster && c.Opened <= at && (c.Closed < 0 || c.Closed > at) {
			to = append(to, c.Cluster+"/"+c.Member)
		}
	}
	slices.Sort(to)
	to = slices.Compact(to)
	if len(to) == 0 {
		return fmt.Sprintf("manager %d had no connection there", o.by.Manager)
	}
	return fmt.Sprintf("manager %d had connections to %s", o.by.Manager, strings.Join(to, ", "))
}

// closestEnd says how long before its key was gone a claim ended at least.
func closestEnd(all []ownership) string {
	var closest *ownership
	for i := range all {
		o := &all[i]
		if o.key == nil || o.key.To < o.to {
			continue // it stands to the end, or a fault has revoked its lease
		}
		if closest == nil || o.key.To-o.to < closest.key.To-closest.to {
			closest = o
		}
	}
	if closest == nil {
		return "none ended with its key"
	}
	return fmt.Sprintf("the closest ended %s before its key", brief(closest.key.To-closest.to))
}
