package fault

import (
	"context"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var alarm = &kind{
	name: "Alarm", takes: onCluster,
	about: "the cluster has its no-space alarm on: it refuses writes and new leases; healing disarms it",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		if w.Lost(on.cluster, record.LostWrites) {
			return harness.Plan{}, fmt.Errorf("cluster %s has its alarm on already", on.cluster)
		}
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name(), ReadOnly: true},
			Allowance: untouched(w),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				undo := func(ctx context.Context) error {
					whenPossible(ctx, w, "disarms the alarm of "+on.cluster.Name(), func(ctx context.Context) error {
						return setAlarm(ctx, w, on.cluster, pb.AlarmRequest_DEACTIVATE)
					})
					return nil
				}
				return undo, setAlarm(ctx, w, on.cluster, pb.AlarmRequest_ACTIVATE)
			},
		}, mustCommit(w, on.cluster)
	},
}

// Alarm switches the no-space alarm of a cluster on, as etcd does when a member's database has reached its quota. Writes and new leases are
// refused until the alarm is disarmed; reads, watches and leases that exist go on.
func Alarm(c *harness.Cluster) Fault { return alarm.in(c) }

// alarming is the id of the member whose alarm is on. No member has it, so that the alarm stays when members are removed.
const alarming = 1

func setAlarm(ctx context.Context, w *harness.World, c *harness.Cluster, action pb.AlarmRequest_AlarmAction) error {
	ctx, cancel := context.WithTimeout(ctx, w.Bounds().LostLeader())
	defer cancel()
	return c.Ask(ctx, func(ctx context.Context, d harness.Direct) error {
		_, err := d.Maintenance.Alarm(ctx, &pb.AlarmRequest{Action: action, MemberID: alarming, Alarm: pb.AlarmType_NOSPACE})
		return err
	})
}
