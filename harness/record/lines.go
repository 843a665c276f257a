package record

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// line is one event of a transcript.
type line struct {
	at              time.Duration
	rank            rank
	cluster, member string
	text            string
}

// rank sorts the lines of one instant by their subject: first what is done to a cluster, then its effect on the cluster, then its effect on
// the manager.
type rank int

const (
	rankNote rank = iota
	rankManaged
	rankHealed
	rankFault
	rankLoss
	rankLeader
	rankBelief
	rankWatchClosed
	rankWatchOpened
	rankCommit
	rankView
	rankOwner
	rankError
	rankKeys
	rankCheck
	rankClose
	rankLeft
	rankEnd
)

// lines are all events of the record in the order of a transcript.
func (r *Record) lines(o TranscriptOptions) []line {
	var l lines
	r.managerLines(&l)
	r.faultLines(&l)
	r.leaderLines(&l)
	r.watchLines(&l)
	if o.Updates {
		r.updateLines(&l)
	}
	r.keyLines(&l)
	r.ownerLines(&l)
	r.errorLines(&l)
	for _, other := range r.Others {
		var of lines
		other.managerLines(&of)
		other.watchLines(&of)
		if o.Updates {
			other.viewLines(&of)
		}
		other.keyLines(&of)
		other.ownerLines(&of)
		other.errorLines(&of)
		for _, one := range of {
			if one.rank != rankEnd {
				one.text = fmt.Sprintf("manager %d: %s", other.Manager, one.text)
				l = append(l, one)
			}
		}
	}
	for _, n := range r.Notes {
		l.add(n.At, rankNote, "", "", n.Text)
	}
	for _, e := range r.Checks {
		l.add(e.At, rankCheck, e.Cluster, "", "check "+e.String())
	}
	slices.SortStableFunc(l, func(a, b line) int {
		return cmp.Or(
			cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank),
			strings.Compare(a.cluster, b.cluster), strings.Compare(a.member, b.member), strings.Compare(a.text, b.text),
		)
	})
	return l
}

type lines []line

// add appends an event. A text of several lines, such as an error's, stays one line.
func (l *lines) add(at time.Duration, rank rank, cluster, member, text string) {
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", ` \n `)
	*l = append(*l, line{at, rank, cluster, member, text})
}

func (r *Record) managerLines(l *lines) {
	if r.ManagerStart >= 0 {
		l.add(r.ManagerStart, rankManaged, "", "", "manager started")
	}
	for _, t := range r.Tenures {
		if t.From > r.ManagerStart {
			l.add(t.From, rankManaged, t.Cluster, "", "given to the manager")
		}
		if t.To >= 0 {
			l.add(t.To, rankManaged, t.Cluster, "", "taken from the manager")
		}
	}
	if r.ManagerClose >= 0 {
		l.add(r.ManagerClose, rankClose, "", "", "manager closing")
	}
	if r.ManagerClosed >= 0 {
		l.add(r.ManagerClosed, rankClose, "", "", "manager is closed, it took "+Stamp(r.ManagerClosed-r.ManagerClose))
	}
	for _, left := range r.Left {
		l.add(left.At, rankLeft, "", "", fmt.Sprintf("left after %s: %s", left.After, left.What))
	}
	l.add(r.End, rankEnd, "", "", "end")
}

func (r *Record) faultLines(l *lines) {
	for _, f := range r.Faults {
		member := ""
		if len(f.Scope.Members) == 1 {
			member = f.Scope.Members[0]
		}
		l.add(f.From, rankFault, f.Scope.Cluster, member, f.Text+" begins")
		if f.To >= 0 {
			l.add(f.To, rankHealed, f.Scope.Cluster, member, fmt.Sprintf("%s healed after %s", f.Text, Stamp(f.To-f.From)))
		}
	}
	for _, loss := range r.Losses {
		l.add(loss.From, rankLoss, loss.Cluster, "", fmt.Sprintf("%s lost", loss.Of))
		// A loss that lasts to the end is closed there, see Recorder.Finish.
		if loss.To >= 0 && loss.To < r.End {
			l.add(loss.To, rankLoss, loss.Cluster, "", fmt.Sprintf("%s back after %s", loss.Of, Stamp(loss.To-loss.From)))
		}
	}
	for _, s := range r.Restores {
		l.add(s.At, rankLoss, s.Cluster, "", fmt.Sprintf("has the data of revision %d again", s.Revision))
	}
	for _, rest := range r.Rests {
		l.add(rest.From, rankNote, rest.Cluster, "", "load at rest")
		if rest.To >= 0 {
			l.add(rest.To, rankNote, rest.Cluster, "", "load goes on")
		}
	}
}

// leaderLines are the lines about who leads and what each member believes. With each new leader they name the others that still call
// themselves leader.
func (r *Record) leaderLines(l *lines) {
	for _, leader := range r.Leaders {
		if leader.Member == "" {
			l.add(leader.At, rankLeader, leader.Cluster, "", "nobody leads")
			continue
		}
		l.add(leader.At, rankLeader, leader.Cluster, leader.Member, fmt.Sprintf("leads (term %d)", leader.Term))
		for _, b := range r.staleLeaders(leader) {
			l.add(leader.At, rankBelief, b.Cluster, b.Member, fmt.Sprintf("still calls itself leader (term %d)", b.Term))
		}
	}
	for _, b := range r.Beliefs {
		if b.Leads && !b.Down && slices.Contains(r.Leaders, Leader{b.At, b.Cluster, b.Member, b.Term}) {
			continue // the line about the new leader says it already
		}
		text := "follows"
		switch {
		case b.Down:
			text = "is down"
		case b.Leads:
			text = fmt.Sprintf("calls itself leader (term %d)", b.Term)
			if leader := r.LeaderAt(b.Cluster, b.At); leader != "" && leader != b.Member {
				text += ", but " + leader + " leads"
			}
		}
		l.add(b.At, rankBelief, b.Cluster, b.Member, text)
	}
}

// staleLeaders are the latest beliefs of the other members that still call themselves leader when a new leader comes. A member whose belief
// changes at that same instant is left out, since it has a line of its own.
func (r *Record) staleLeaders(leader Leader) []Belief {
	last := map[string]Belief{}
	for _, b := range r.Beliefs {
		if b.Cluster == leader.Cluster && b.At <= leader.At {
			last[b.Member] = b
		}
	}
	var stale []Belief
	for member, b := range last {
		if member != leader.Member && b.Leads && !b.Down && b.At < leader.At {
			stale = append(stale, b)
		}
	}
	return stale
}

func (r *Record) watchLines(l *lines) {
	for _, w := range r.Watches {
		l.add(w.Opened, rankWatchOpened, w.Cluster, w.Member, "watch opened on "+w.Key)
		if w.Closed >= 0 {
			l.add(w.Closed, rankWatchClosed, w.Cluster, w.Member, "watch closed on "+w.Key)
		}
	}
}

func (r *Record) updateLines(l *lines) {
	for _, c := range r.Commits {
		if c.Restored {
			l.add(c.At, rankCommit, c.Cluster, "", fmt.Sprintf("restored %s (revision %d)", Change{c.Subject, c.Value}, c.Revision))
			continue
		}
		l.add(c.At, rankCommit, c.Cluster, "", fmt.Sprintf("committed %s (revision %d)", Change{c.Subject, c.Value}, c.Revision))
	}
	r.viewLines(l)
}

func (r *Record) viewLines(l *lines) {
	for _, v := range r.Views {
		changes := make([]string, len(v.Changes))
		for i, ch := range v.Changes {
			changes[i] = ch.String()
		}
		text, shows := "view", " shows "
		if v.Absent {
			text, shows = "the manager says that it does not manage the cluster", ": "
		}
		if len(changes) > 0 {
			text += shows + strings.Join(changes, ", ")
		}
		l.add(v.At, rankView, v.Cluster, "", fmt.Sprintf("%s (revision %d)", text, v.Revision))
	}
}

// keyLines are a line for each change of the missing keys, also when none is missing any more.
func (r *Record) keyLines(l *lines) {
	for _, k := range r.Keys {
		var parts []string
		if len(k.Missing) > 0 {
			parts = append(parts, "own keys missing: "+names(k.Missing))
		}
		if len(k.Foreign) > 0 {
			parts = append(parts, "keys of others missing: "+names(k.Foreign))
		}
		if len(parts) == 0 {
			parts = append(parts, "all keys stand")
		}
		l.add(k.At, rankKeys, k.Cluster, "", strings.Join(parts, "; "))
	}
}

// ownerLines are about what the manager claimed to own.
func (r *Record) ownerLines(l *lines) {
	for _, o := range r.Owned {
		l.add(o.From, rankOwner, o.Cluster, "", fmt.Sprintf("claims to own %s (lease %x)", o.Thing, o.Lease))
		if to := r.OwnedUntil(o); to < r.End {
			l.add(to, rankOwner, o.Cluster, "", fmt.Sprintf("claims to own %s no longer (lease %x)", o.Thing, o.Lease))
		}
	}
	for _, h := range r.Holdings {
		if h.To >= 0 {
			l.add(h.To, rankKeys, h.Cluster, h.Member, fmt.Sprintf("owner's key %s is gone (lease %x)", h.Key, h.Lease))
		}
	}
}

func (r *Record) errorLines(l *lines) {
	for _, e := range r.Errors {
		text := "error: " + e.Text
		if e.Idle > 0 {
			text = fmt.Sprintf("idle timeout of %v: %s", e.Idle, e.Text)
		}
		l.add(e.At, rankError, e.Cluster, "", text)
	}
	for _, a := range r.Answers {
		l.add(a.At, rankError, a.Cluster, "", a.Problem)
	}
}

func names(keys []string) string {
	return strings.Join(slices.Sorted(slices.Values(keys)), ", ")
}
