package fault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

func TestTheUsualFaultOfEachNameReadsBack(t *testing.T) {
	on, others := harness.Ref{Cluster: "alpha", Member: "m1"}, []harness.Ref{{Cluster: "alpha", Member: "m2"}, {Cluster: "alpha", Member: "m3"}}
	for _, d := range fault.All() {
		f, err := fault.Usual(d.Name, on, others)
		require.NoError(t, err, d.Name)
		read, err := fault.Parse(f.String())
		require.NoError(t, err, d.Name)
		require.Equal(t, f.String(), read.String())
		_, member := f.Member()
		group, _ := f.Groups()
		require.Equal(t, d.On == fault.OnMember, member, d.Name)
		require.Equal(t, d.On == fault.Between, len(group) > 0, d.Name)
		_, err = fault.Usual(d.Name, on, nil)
		require.Equal(t, d.On == fault.Between, err != nil, "%s in a cluster of one member", d.Name)
	}
	_, err := fault.Usual("HungDisk", on, others)
	require.ErrorContains(t, err, "the nearest: HangDisk")
}
