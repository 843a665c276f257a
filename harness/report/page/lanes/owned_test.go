package lanes_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/page/internal/sample"
	"github.com/stormwatch/stormwatch/harness/report/page/lanes"
)

func TestTwoOwnersOfAThingStandOneAboveTheOther(t *testing.T) {
	picture := drawn(t, sample.TwoOwners(), lanes.Options{})
	requireWellFormed(t, picture)
	require.Regexp(t, `<rect class="claim" x="1000" y="\d+" width="15000"`, picture)
	require.Regexp(t, `<rect class="claim" x="12500" y="\d+" width="37500"`, picture)
	require.Regexp(t, `<rect class="standing" x="1050" y="\d+" width="10950"`, picture, "the first manager's key, below its claim")
	require.Contains(t, tips(picture), "manager 1 claims to own lock backup (lease a1)")
	require.Contains(t, tips(picture), "lock backup is claimed without its key for 4s")
	require.Equal(t, 2, strings.Count(picture, `data-tip="lock backup is claimed by two for 3.5s"`), "on the row of each")
	require.Contains(t, tips(picture), "the key /locks/backup/c3 stands in the cluster", "nobody claims with it, but it waits")
	require.Contains(t, picture, `data-long="owned by manager 1"`)
	require.Contains(t, picture, `data-long="without its key, by two"`)
}

func TestAClaimWithItsKeyIsNotMarked(t *testing.T) {
	r := sample.TwoOwners()
	r.Record.Claims[0].To = sample.KeyGone - 100
	require.NotContains(t, drawn(t, r, lanes.Options{}), `class="wrongly"`)
	r.Record.Claims = append(r.Record.Claims, report.Claim{
		Cluster: "alpha", Thing: "lock backup", Key: "/locks/backup/d4", Lease: "d4", From: sample.RivalCloses + 500, To: sample.RivalCloses + 600,
	})
	require.NotContains(t, drawn(t, r, lanes.Options{}), `class="wrongly"`, "its key may have stood between two looks")
	r.Record.Claims[1].To = -1
	require.Contains(t, tips(drawn(t, r, lanes.Options{})), "lock backup is claimed without its key for 9.5s", "it never stood")
}

func TestAKeyUnderAnotherLeaseIsNotTheKeyOfAClaim(t *testing.T) {
	r := sample.TwoOwners()
	r.Record.Holdings[0].Lease = "of yesterday"
	require.Contains(t, tips(drawn(t, r, lanes.Options{})), "lock backup is claimed without its key for 15s")
}

func TestTheLegendExplainsClaimsOnlyWhereThereAreSome(t *testing.T) {
	with, without := lanes.Legend([]report.Run{sample.HungLeader(), sample.TwoOwners()}), lanes.Legend([]report.Run{sample.HungLeader(), {}})
	require.Len(t, with, len(without)+3)
	require.Contains(t, drawn(t, sample.TwoOwners(), lanes.Options{Standalone: true}), ">claimed wrongly</text>")
	require.NotContains(t, drawn(t, sample.HungLeader(), lanes.Options{Standalone: true}), ">claimed wrongly</text>")
}

func TestOwnKeysStandOrAreMissingWhileTheManagerHasTheCluster(t *testing.T) {
	picture := drawn(t, sample.TwoOwners(), lanes.Options{})
	require.Regexp(t, `<rect class="keys missing" x="1000" y="\d+" width="1000" height="14" data-tip="the manager&#39;s own keys: missing: /own/1"`, picture)
	require.Regexp(t, `<rect class="keys stand" x="2000" y="\d+" width="48000"`, picture)
	require.Regexp(t, `<rect class="keys foreign" x="50000" y="\d+" width="10000" height="14" data-tip="keys of others are gone: /neighbour"`, picture)
	require.Regexp(t, `<rect class="keys stand" x="1500" y="\d+" width="48500"`, picture, "those of manager 2, until it closed")
	require.Equal(t, 2, strings.Count(picture, ">own keys</text>"), "in beta the manager keeps none")
}

func TestAFurtherManagerHasLanesOfItsOwn(t *testing.T) {
	picture := drawn(t, sample.TwoOwners(), lanes.Options{})
	for _, name := range []string{">manager 1</text>", ">manager 2</text>"} {
		require.Equal(t, 2, strings.Count(picture, name), "in each cluster")
	}
	require.NotContains(t, drawn(t, sample.HungLeader(), lanes.Options{}), ">manager 1</text>")
	require.Regexp(t, `<rect class="watch" x="1500" y="\d+" width="48500" height="16" data-tip="watch of /jobs/ on m2"`, picture)
	require.Contains(t, tips(picture), "a watch of manager 2 is on m2")
	require.Regexp(t, `<rect class="says out-of-date" x="1500" y="\d+" width="48500"`, picture, "it says nothing after its Close")
	require.Contains(t, picture, `data-cluster="alpha, manager 2"`)
	require.Contains(t, picture, ">✗ freshness 30.15s</text>")
	require.Regexp(t, `<path class="over" d="M30150 `, picture)
	require.Equal(t, 1, strings.Count(picture, `id="lanes-committed-0"`), "the committed updates are drawn once")
	require.Equal(t, 1, strings.Count(picture, `<use class="committed" href="#lanes-committed-0"`), "and shown again for manager 2")
}

func TestTheViolationOfAFurtherManagerIsMarkedOnItsLanes(t *testing.T) {
	picture := drawn(t, sample.TwoOwners(), lanes.Options{})
	first := position(t, picture, `<path class="mark violation" d="M12000 (\d+)V`)
	further := position(t, picture, `<path class="mark violation" d="M30150 (\d+)V`)
	watch := position(t, picture, `<rect class="watch" x="1500" y="(\d+)"`)
	require.Less(t, first, further)
	require.Less(t, further, watch)
	require.Less(t, position(t, picture, `<rect class="watch" x="1000" y="(\d+)"`), further, "below the lanes of manager 1")
}

func TestAFaultOnOneManagerIsNotDrawnOnTheWatchesOfAnother(t *testing.T) {
	picture := drawn(t, sample.TwoOwners(), lanes.Options{})
	require.Contains(t, tips(picture), "BlackholeManager(alpha, 1): m2 is unreachable for manager 1")
	require.Equal(t, 1, strings.Count(picture, `data-tip="the watch sits on a member that is unreachable for manager 1"`))
}

func TestTheSentenceSaysWhoOwnedAThingAndSinceWhenWithoutItsKey(t *testing.T) {
	require.Equal(t, "Failed (one owner). In alpha, lock backup was claimed without its key for 4s from 12.00s on: "+
		"manager 1 claimed it from 1.00s to 16.00s, and its key was gone at 12.00s; manager 2 claimed it from 12.50s to 50.00s.", lanes.Sentence(ownersOnly()))
	stale := sample.TwoOwners()
	require.Contains(t, lanes.Sentence(stale), "Manager 2's view of alpha was stale from 30.00s")
}

// ownersOnly is the sample without the stale view of manager 2.
func ownersOnly() report.Run {
	r := sample.TwoOwners()
	r.Record.Others[0].Staleness[0].Points = [][2]float64{{sample.RivalStarts, 0}, {sample.RivalCloses, 0}}
	return r
}

func TestTheWordsSayWhatEachManagerOwned(t *testing.T) {
	words := lanes.Words(sample.TwoOwners())
	require.Contains(t, words, "alpha, lock backup: owned by manager 1 from 1.00s to 16.00s; the key /locks/backup/a1 stood from 1.05s to 12.00s; "+
		"owned by manager 2 from 12.50s to 50.00s; the key /locks/backup/b2 stood from 1.50s to 50.00s; the key /locks/backup/c3 stood from 20.00s to 60.00s; "+
		"claimed without its key from 12.00s to 16.00s; claimed by two from 12.50s to 16.00s.")
	require.Contains(t, words, "alpha, manager 2, watch of /jobs/: on m2 from 1.50s to 50.00s.")
	require.Contains(t, words, "alpha, manager 2, own keys: stand from 1.50s to 50.00s.")
	require.Contains(t, words, "alpha, manager 2: the view was staler than allowed from 30.15s to 35.00s.")
}
