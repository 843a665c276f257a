package draw

import (
	"fmt"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// incident is a few steps that belong together. Each begins at d.at.
type incident struct {
	weight int
	draw   func(d *drawer, cluster string)
}

// incidents are all incidents with their weights.
var incidents = []incident{
	{32, anyFault},
	{10, hungLeader},
	{10, everyMember},
	{7, quiet},
	{7, reload},
	{6, removedWhileHurt},
	{6, ownKeys},
	{5, flapping},
	{5, backOneByOne},
	{5, twoManagers},
	{4, elections},
	{4, membership},
	{6, credentials},
	{10, restored},
	{3, closed},
}

// incident draws an incident on a cluster.
func (d *drawer) incident(cluster string) {
	var weights []int
	for _, i := range incidents {
		weights = append(weights, i.weight)
	}
	incidents[d.weigh(weights...)].draw(d, cluster)
}

// kind draws a kind of fault by its weight.
func (d *drawer) kind() kind {
	all := slices.DeleteFunc(kinds(), func(k kind) bool { return !d.space.has(k.name) })
	if len(all) == 0 {
		all = kinds()
	}
	weights := make([]int, len(all))
	for i, k := range all {
		weights[i] = k.weight
	}
	return all[d.weigh(weights...)]
}

// inject adds a fault of this name on a member, by its name or role, of a cluster. If on is empty, the member is drawn.
func (d *drawer) inject(at, length time.Duration, name, cluster, on string) bool {
	return d.add(at, length, schedule.Inject{Fault: d.fault(find(name), cluster, on)})
}

// anyFault is one fault.
func anyFault(d *drawer, cluster string) {
	for range 3 {
		if k := d.kind(); d.inject(d.at, d.length(), k.name, cluster, "") {
			return
		}
	}
}

// hungLeader is a leader, most often the one that is watched, that is no longer in charge and does not say so, and then a fault of the member to which
// the manager has moved.
func hungLeader(d *drawer, cluster string) {
	hurt := one(d, []string{"HangDisk", "HangDisk", "HangDisk", "Isolate", "Isolate", "Freeze", "SlowDisk", "HangApply", "PartitionOneWay"})
	on := one(d, []string{harness.RoleWatched, harness.RoleLeader})
	d.inject(d.at, d.lasting(aRecovery+d.weigh(30, 30, 25, 15)), hurt, cluster, on)
	t := d.space.timing()
	if d.chance(30) {
		// before the manager has left the member: it then resumes at a revision that is compacted
		d.inject(d.at+d.between(2*t.Election, 8*t.Election), 0, "Compact", cluster, "")
	}
	for at := d.at; d.chance(50); {
		at += d.between(t.Election, 15*t.Election)
		d.inject(at, d.length(), d.kind().name, cluster, one(d, []string{harness.RoleWatched, harness.RoleLeader, harness.RoleFollower}))
	}
}

// everyMember is the same fault on every member at once, most often with a compaction or another fault meanwhile.
func everyMember(d *drawer, cluster string) {
	hurt := one(d, []string{"Reset", "Reset", "Reset", "Blackhole", "Blackhole", "Refuse", "HalfOpen", "DropWatchCreate", "Freeze", "DropProgress", "WithholdEvents"})
	length := d.length()
	for i := range d.size(cluster) {
		d.inject(d.at, length, hurt, cluster, fmt.Sprintf("m%d", i+1))
	}
	meanwhile := d.between(0, length)
	switch d.weigh(60, 20, 20) {
	case 0:
		d.inject(d.at+meanwhile, 0, "Compact", cluster, "")
	case 1:
		d.inject(d.at+meanwhile, d.length(), d.kind().name, cluster, "")
	}
}

// quiet is a fault while nothing is written, most often after the cluster has been quiet for a while.
func quiet(d *drawer, cluster string) {
	length := d.lasting(aRecovery + d.weigh(20, 40, 30, 10))
	at := d.at + d.between(0, length*2/3)
	for _, c := range d.names() {
		if c == cluster || d.chance(30) {
			d.add(d.at, length, schedule.Rest{Cluster: c})
		}
	}
	silent := one(d, []string{"DropProgress", "DropProgress", "DropProgressRequests", "Reset", "Reset", "HalfOpen", "HangDisk", "Blackhole", "Kill", d.kind().name})
	d.inject(at, d.length(), silent, cluster, one(d, []string{harness.RoleWatched, harness.RoleWatched, harness.RoleLeader}))
}

// reload is a new configuration with the same clusters in another order, with fewer of them, or with some that come back.
func reload(d *drawer, cluster string) {
	at := d.at
	for range 1 + d.weigh(50, 30, 20) {
		d.add(at, 0, schedule.Apply{Names: d.some(cluster)})
		at += d.gap()
	}
	d.add(at+d.gap(), 0, schedule.Apply{Names: d.shuffled()})
}

// some draws clusters for an Apply.
func (d *drawer) some(without string) []string {
	names := d.shuffled()
	if len(names) > 1 && d.chance(60) {
		names = slices.DeleteFunc(names, func(n string) bool { return n == without })
	}
	return names
}

// shuffled are all clusters in a drawn order.
func (d *drawer) shuffled() []string {
	names := d.names()
	d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names
}

// removedWhileHurt is a cluster that is taken from the manager while it is in trouble, and given back before or after that.
func removedWhileHurt(d *drawer, cluster string) {
	length := d.lasting(aRecovery + d.weigh(40, 40, 20))
	hurt := one(d, []string{"HangDisk", "Blackhole", "Freeze", "Isolate", d.kind().name})
	if d.chance(40) {
		for i := range d.size(cluster) {
			d.inject(d.at, length, one(d, []string{hurt, "Blackhole"}), cluster, fmt.Sprintf("m%d", i+1))
		}
	} else {
		d.inject(d.at, length, hurt, cluster, harness.RoleWatched)
	}
	others := slices.DeleteFunc(d.shuffled(), func(n string) bool { return n == cluster })
	if len(others) == 0 {
		return
	}
	at := d.at + d.between(0, length)
	d.add(at, 0, schedule.Apply{Names: others})
	d.add(at+d.length(), 0, schedule.Apply{Names: d.shuffled()})
}

// ownKeys are faults of the manager's lease, or of the requests that keep it, for longer than it lives.
func ownKeys(d *drawer, cluster string) {
	if d.chance(40) {
		d.inject(d.at, 0, "LoseLease", cluster, "")
	}
	t := d.space.timing()
	at := d.at + d.between(0, t.Refresh)
	length := d.lasting(aQuarantine + d.weigh(40, 60))
	switch d.weigh(35, 35, 30) {
	case 0:
		hurt := one(d, []string{"DropKeepAlives", "HangDisk", "Blackhole", "Freeze", "Kill", "Refuse"})
		d.inject(at, length, hurt, cluster, one(d, []string{harness.RoleLeader, harness.RoleWatched, "m1"}))
	case 1:
		for i := range d.size(cluster) {
			d.inject(at, length, "DropKeepAlives", cluster, fmt.Sprintf("m%d", i+1))
		}
	case 2:
		kind := one(d, []string{"DropAnswer", "FailRequest"})
		for i := range d.size(cluster) {
			d.inject(at, length, kind, cluster, fmt.Sprintf("m%d", i+1))
		}
	}
}

// flapping is a short fault that comes again and again.
func flapping(d *drawer, cluster string) {
	k := d.kind()
	on := d.member(k, cluster)
	at := d.at
	for range 3 + d.IntN(4) {
		length := d.lasting(d.weigh(40, 60))
		d.inject(at, length, k.name, cluster, on)
		at += length + d.gap()
	}
}

// backOneByOne is a cluster whose members are lost together and come back one after another.
func backOneByOne(d *drawer, cluster string) {
	hurt := one(d, []string{"Kill", "Kill", "Freeze", "Blackhole", "HangDisk", "FailDisk", "Isolate"})
	length := d.lasting(aRecovery + d.weigh(30, 30, 20, 20))
	for _, i := range d.Perm(d.size(cluster)) {
		d.inject(d.at, length, hurt, cluster, fmt.Sprintf("m%d", i+1))
		length += d.gap()
	}
}

// twoManagers is a second manager for a while, and one of the two that is cut off or hears late.
func twoManagers(d *drawer, cluster string) {
	length := d.lasting(aLease)
	at := d.at + d.between(0, d.space.timing().LeaseTTL/2)
	d.add(d.at, length+d.lasting(aQuarantine), schedule.Rival{})
	switch d.weigh(40, 20, 40) {
	case 0:
		d.inject(at, length, "BlackholeManager", cluster, "")
	case 1:
		d.inject(at, length, "DelayManager", cluster, "")
		d.inject(at+length/3, length, "BlackholeManager", cluster, "")
	case 2:
		d.inject(at, length, one(d, []string{"HangDisk", "Freeze", "Isolate", d.kind().name}), cluster, one(d, []string{harness.RoleLeader, harness.RoleWatched}))
	}
}

// elections is a leadership that moves again and again.
func elections(d *drawer, cluster string) {
	at := d.at
	for range 3 + d.IntN(4) {
		d.inject(at, d.lasting(aNotice), one(d, []string{"MoveLeader", "MoveLeader", "Kill", "Isolate", "Restart"}), cluster, "")
		at += d.between(d.space.timing().Election, 8*d.space.timing().Election)
	}
}

// membership is a change of the members, after which a member that was there before is lost.
func membership(d *drawer, cluster string) {
	t := d.space.timing()
	at := d.at
	for range 1 + d.weigh(40, 30, 30) {
		d.inject(at, 0, one(d, []string{"AddMember", "AddMember", "RemoveMember", "WipeAndRejoin", "RollingRestart"}), cluster, "")
		at += d.between(6*t.Election, 12*t.Election)
		if d.chance(30) {
			d.add(at, 0, schedule.Apply{Names: d.shuffled()})
		}
	}
	at += d.between(0, t.Sync+5*t.Election)
	d.inject(at, d.length(), one(d, []string{"Kill", "Freeze", "HangDisk", "MisadvertiseMember", "Blackhole"}), cluster, harness.RoleWatched)
}

// credentials is a change of certificates or tokens, with a loss of the connections that still have the old ones.
func credentials(d *drawer, cluster string) {
	name := one(d, []string{"ExpireCertificates", "RotateCertificates", "RotateCertificates", "ExpireTokens", "ExpireTokens", "DisableAuth"})
	length := d.length()
	d.inject(d.at, length, name, cluster, "")
	cut := d.at + d.between(0, length)
	blink := d.lasting(aBlink)
	for i := range d.size(cluster) {
		d.inject(cut, blink, one(d, []string{"Reset", "Reset", "Kill"}), cluster, fmt.Sprintf("m%d", i+1))
	}
	if name == "RotateCertificates" {
		d.add(d.at+length, 0, schedule.Apply{Names: d.shuffled()})
		d.inject(d.at+length+d.length(), blink, "Reset", cluster, harness.RoleWatched)
	}
}

// restored is a cluster that goes back to a backup.
func restored(d *drawer, cluster string) {
	if d.keeps || !d.inject(d.at, 0, "Backup", cluster, "") {
		return
	}
	at := d.at + d.length()
	if d.chance(40) {
		length := d.length()
		for i := range d.size(cluster) {
			d.inject(at, length, "Reset", cluster, fmt.Sprintf("m%d", i+1))
		}
		at += d.between(0, length)
	}
	d.inject(at, 0, "Restore", cluster, "") // it stops every member: only where the quorum may be lost
}

// closed is the manager's end while clusters are in trouble. Nothing comes after it that a manager would notice.
func closed(d *drawer, cluster string) {
	length := d.length()
	for _, c := range d.names() {
		if c != cluster && !d.chance(40) {
			continue
		}
		hurt := one(d, []string{"Blackhole", "Freeze", "HangDisk", "Kill", "HalfOpen"})
		for i := range d.size(c) {
			d.inject(d.at, length, hurt, c, fmt.Sprintf("m%d", i+1))
		}
	}
	d.add(d.at+d.between(0, length), 0, schedule.Close{})
}
