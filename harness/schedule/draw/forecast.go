package draw

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// keepsQuorum says whether each cluster of the schedule is certain to have a quorum at each instant, whichever members the roles in it turn out to be.
// It is computed from the faults that overlap. A member counts as lost to the quorum as the bounds count it: also if it is only deaf in one direction, or
// applies nothing.
func keepsQuorum(s schedule.Schedule) bool { return !look(s, Space{}.timing().Election).loses }

// forecast is what can be said of a run before it is made.
type forecast struct {
	// loses says that a cluster may lose its quorum.
	loses bool
	// unlikely are the numbers of the steps that may not be possible at their instants, so that a run would leave them out.
	unlikely []int
}

// look goes through the events of a schedule in their order.
func look(s schedule.Schedule, election time.Duration) forecast {
	w := weather{clusters: map[string]*sky{}, managed: map[string]bool{}, resting: map[int]bool{}, election: election}
	for _, c := range s.Clusters {
		w.clusters[c.Name] = &sky{size: c.Members, founded: c.Members, active: map[int]effect{}}
		w.managed[c.Name] = true
	}
	var f forecast
	for _, e := range s.Events() {
		if e.Undo {
			w.end(e.Step, s.Steps[e.Step].Action)
			continue
		}
		possible, loses := w.begin(e.Step, s.Steps[e.Step].Action)
		if !possible {
			f.unlikely = append(f.unlikely, e.Step)
		}
		f.loses = f.loses || loses
	}
	return f
}

// weather is the state of a run as far as it is known beforehand.
type weather struct {
	clusters map[string]*sky
	managed  map[string]bool
	rival    bool
	closed   bool
	resting  map[int]bool // the steps that let a load rest
	election time.Duration
}

// begin begins an action. It says whether the action is possible, and whether a cluster may lose its quorum by it. What is not possible has no effect.
func (w *weather) begin(step int, action schedule.Action) (possible, loses bool) {
	switch a := action.(type) {
	case schedule.Apply:
		clear(w.managed)
		for _, name := range a.Names {
			w.managed[name] = true
		}
	case schedule.Rest:
		w.resting[step] = true
		c := w.clusters[a.Cluster]
		return c != nil && c.writes() && c.undisturbed(), false // the updates under way must come to an end first
	case schedule.Rival:
		w.rival = true
		return !w.closed && w.serves(), false
	case schedule.Close:
		w.closed = true
	case schedule.Inject:
		return w.inject(step, a.Fault)
	}
	return true, false
}

// end ends an action.
func (w *weather) end(step int, action schedule.Action) {
	switch action.(type) {
	case schedule.Rest:
		delete(w.resting, step)
	case schedule.Rival:
		w.rival = false
	case schedule.Inject:
		for _, c := range w.clusters {
			delete(c.active, step)
		}
	}
}

// serves says whether a manager that starts is certain to be shown an update of each cluster, without which nobody knows whether it has started.
func (w *weather) serves() bool {
	for _, c := range w.clusters {
		if !c.writes() || !c.reached() || !c.undisturbed() {
			return false
		}
	}
	return len(w.resting) == 0
}

func (w *weather) inject(step int, f fault.Fault) (possible, loses bool) {
	k := find(f.Name())
	c := w.clusters[f.Clusters()[0]]
	if c == nil || !w.finds(c, f) || !c.allows(k, f) || k.name == "BlackholeManager" && !w.rival && strings.HasSuffix(f.String(), ", 2)") {
		return false, false
	}
	e := c.effect(k, f, w.election)
	c.active[step] = e
	loses = !c.quorum()
	if k.has(once) {
		delete(c.active, step)
	}
	switch k.name {
	case "AddMember":
		c.size++
	case "RemoveMember":
		c.size--
		if m, _ := f.Member(); role(m) {
			c.strangers = true
		} else {
			c.left = append(c.left, m.Member)
		}
	case "Backup":
		c.backup = true
	}
	return true, loses
}

// finds says whether the members that a fault names are there and run.
func (w *weather) finds(c *sky, f fault.Fault) bool {
	group, others := f.Groups()
	if m, one := f.Member(); one {
		switch m.Member {
		case harness.RoleLeader:
			return c.quorum()
		case harness.RoleFollower:
			return c.quorum() && c.size-len(c.halted()) > 1
		case harness.RoleWatched:
			return w.managed[m.Cluster] && !w.closed && c.reached()
		}
		group = append(group, m)
	}
	for _, m := range append(group, others...) {
		number, _ := strconv.Atoi(strings.TrimPrefix(m.Member, "m"))
		halted := c.halted()
		if c.strangers || number > c.founded || slices.Contains(c.left, m.Member) || slices.Contains(halted, m.Member) || slices.Contains(halted, "") {
			return false
		}
	}
	return true
}

// allows says whether the cluster is in a state in which a fault of this kind is possible.
func (c *sky) allows(k kind, f fault.Fault) bool {
	switch {
	case k.has(committing) && !c.quorum():
	case k.has(deciding) && !c.undisturbed():
	case k.has(gathering) && (len(c.halted()) > 0 || c.size == 1):
	case k.name == "Alarm" && !c.writes():
	case k.name == "RemoveMember" && c.size < 3, k.name == "WipeAndRejoin" && c.size < 3:
	case k.name == "AddMember" && c.size > 5:
	case k.name == "MoveLeader" && (c.size < 2 || !c.undisturbed()):
	case k.name == "LoseQuorum" && len(c.halted()) > 0:
	case k.name == "Restore" && (!c.backup || c.strangers || len(c.left) > 0 || c.size != c.founded):
	default:
		return true
	}
	return false
}

// effect is what a fault of this kind does to the cluster.
func (c *sky) effect(k kind, f fault.Fault, election time.Duration) effect {
	e := effect{kind: k, none: k.has(scattering)}
	switch {
	case !k.has(crippling),
		k.name == "SlowDisk" && f.Longest() < election,
		k.name == "SlowLink" && 2*f.Longest() < election:
		return e
	case k.on == onTwoGroups:
		group, others := f.Groups()
		for _, m := range smaller(group, others) {
			e.crippled = append(e.crippled, m.Member)
		}
		return e
	}
	m, _ := f.Member()
	if role(m) || m.Member == "" {
		e.role = true
	} else {
		e.crippled = []string{m.Member}
	}
	return e
}

// smaller is the smaller of two groups. If they are cut off from each other, the other one goes on.
func smaller(a, b []harness.Ref) []harness.Ref {
	if len(a) <= len(b) {
		return a
	}
	return b
}

// role says whether a member is named by a role.
func role(m harness.Ref) bool { return slices.Contains(harness.Roles(), m.Member) }
