package record

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/bound"
)

func TestTrafficIsCountedByClusterAndSecond(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		r := NewRecorder(bound.Production())
		r.Sent("alpha", Dials)
		r.Sent("beta", Requests)
		time.Sleep(999 * time.Millisecond)
		r.Sent("alpha", Watches)
		r.Sent("alpha", Requests)
		r.Sent("alpha", Requests)
		time.Sleep(time.Millisecond)
		r.Sent("alpha", Dials)
		time.Sleep(2 * time.Second)
		r.Sent("beta", Watches)
		rec := r.Finish()
		require.Equal(t, []Traffic{
			{Cluster: "alpha", Dials: 1, Watches: 1, Requests: 2},
			{Cluster: "beta", Requests: 1},
			{Cluster: "alpha", Second: 1, Dials: 1},
			{Cluster: "beta", Second: 3, Watches: 1},
		}, rec.Traffic)
		require.Equal(t, []int{1, 1, 2}, []int{rec.Traffic[0].Of(Dials), rec.Traffic[0].Of(Watches), rec.Traffic[0].Of(Requests)})
	})
}

// A connection may be dead for 18 s with the production timing.
func TestAConnectionKnowsForHowLongItWaited(t *testing.T) {
	const s = time.Second
	waited := func(f func(*OpenConnection)) Connection {
		var conn Connection
		synctest.Test(t, func(*testing.T) {
			r := NewRecorder(bound.Production())
			time.Sleep(s)
			f(r.Connection("alpha", "m1"))
			conn = r.Finish().Connections[0]
		})
		return conn
	}
	for _, test := range []struct {
		name string
		f    func(*OpenConnection)
		want Connection
	}{
		{"nothing is waited for", func(c *OpenConnection) { time.Sleep(20 * s); c.Close() }, Connection{Closed: 21 * s, Since: -1}},
		{"a short wait", func(c *OpenConnection) { c.Waits(); time.Sleep(18 * s); c.Heard(false); time.Sleep(20 * s) }, Connection{Closed: -1, Since: -1}},
		{
			"a long wait, and another one that lasts",
			func(c *OpenConnection) { c.Waits(); time.Sleep(18*s + 1); c.Heard(true); time.Sleep(s) },
			Connection{Closed: -1, Waits: []Silence{{s, 19*s + 1}}, Since: 19*s + 1},
		},
		{
			"a further stream does not begin the wait anew",
			func(c *OpenConnection) { c.Waits(); time.Sleep(10 * s); c.Waits(); time.Sleep(10 * s); c.Close() },
			Connection{Closed: 21 * s, Waits: []Silence{{s, 21 * s}}, Since: -1},
		},
		{
			"the wait ends with the streams",
			func(c *OpenConnection) { c.Waits(); time.Sleep(10 * s); c.Idles(); time.Sleep(20 * s); c.Close() },
			Connection{Closed: 31 * s, Since: -1},
		},
		{
			"nothing counts once it is closed",
			func(c *OpenConnection) { c.Close(); c.Waits(); c.TooManyPings(); time.Sleep(20 * s); c.Close() },
			Connection{Closed: s, Since: -1},
		},
		{"pinged too often", func(c *OpenConnection) { time.Sleep(s); c.TooManyPings() }, Connection{Closed: -1, Since: -1, TooManyPings: []time.Duration{2 * s}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.want.Cluster, test.want.Member, test.want.Opened = "alpha", "m1", s
			require.Equal(t, test.want, waited(test.f))
		})
	}
}
