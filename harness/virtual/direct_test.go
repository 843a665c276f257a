package virtual_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

func TestDirectReachesAMemberPastItsLinks(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		c.throw("m1", point.ClientAccept, point.Hang)
		c.throw("m1", point.ClientRead, point.Hang)
		direct := c.direct("m1")
		_, err := direct.Put(l.ctx, "k", "v")
		require.NoError(t, err)
		grant := &etcdserverpb.LeaseGrantRequest{ID: 7, TTL: 60}
		_, err = direct.Leases.LeaseGrant(l.ctx, grant)
		require.NoError(t, err)
		_, err = direct.Leases.LeaseGrant(l.ctx, grant)
		require.ErrorIs(t, rpctypes.Error(err), rpctypes.ErrLeaseExist)
		leases, err := direct.Client.Leases(l.ctx)
		require.NoError(t, err)
		require.Equal(t, []clientv3.LeaseStatus{{ID: 7}}, leases.Leases)
		_, err = direct.Defragment(l.ctx, "")
		require.NoError(t, err)
		require.Zero(t, c.Connections("m1"))
	})
}

func TestDirectEndsWithTheMemberAndInterruptsWhatIsUnderWay(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		before := c.direct("m1")
		c.throw("m1", point.Apply, point.Hang)
		put := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(l.ctx, 5*time.Second)
			defer cancel()
			_, err := before.Put(ctx, "k", "v")
			put <- err
		}()
		pass(time.Second)
		began := time.Now()
		require.NoError(t, c.Kill(l.ctx, "m1"))
		require.Error(t, <-put)
		require.Less(t, time.Since(began), time.Second)
		_, err := before.Get(l.ctx, "k", clientv3.WithSerializable())
		require.ErrorContains(t, err, "the member is down")
		_, err = c.Direct("m1")
		require.EqualError(t, err, "member alpha/m1: it is down")
		require.Equal(t, harness.Status{}, c.Status("m1"))
		require.False(t, c.Status("m1").Leads())

		l.env.Board.Close()
		require.NoError(t, c.Restart(l.ctx, "m1"))
		require.NotSame(t, before.Client, c.direct("m1").Client)
		require.True(t, c.Status("m1").Up)
	})
}

// The leader commits the addition but does not apply it, so the attempt at the leader times out. By then another member has applied it.
func TestAnAdditionThatTimedOutAndWasCarriedOutIsFoundAgain(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		pass(6 * time.Second) // etcd wants to have heard its members for 5 s
		leader := c.leader()
		heal := c.throw(leader, point.Apply, point.Hang)
		time.AfterFunc(10*time.Second, heal)
		require.NoError(t, c.Add(l.ctx, "m4"))
		list, err := c.direct("m4").MemberList(l.ctx)
		require.NoError(t, err)
		require.Len(t, list.Members, 4)
		for _, m := range list.Members {
			if m.GetName() == "m4" {
				require.Equal(t, c.Status("m4").ID, m.GetID())
			}
		}
	})
}
