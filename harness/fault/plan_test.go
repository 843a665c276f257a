package fault

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

// planned is what injecting a fault would do.
func planned(t *testing.T, text string) (plan harness.Plan, err error) {
	t.Helper()
	f, parsed := Parse(text)
	require.NoError(t, parsed)
	onPaper(t, func(w *harness.World) { plan, err = f.Resolve(w) })
	return plan, err
}

func TestEachFaultKnowsWhatItCostsToNoticeAndLeave(t *testing.T) {
	b := bound.Bounds{Timing: bound.Production()}
	// m1 leads.
	for text, want := range map[string]record.Allowance{
		"AddMember(alpha)":                           {Name: "lost leader", Recovery: b.LostLeader()},
		"Alarm(alpha)":                               {Name: "calm", Recovery: b.Timing.Load + b.Calm()},
		"Backup(alpha)":                              {Name: "calm", Recovery: b.Timing.Load + b.Calm()},
		"Compact(alpha)":                             {Name: "lost member", Recovery: b.LostMember()},
		"Defragment(alpha/m1, 1s)":                   {Name: "slow", Recovery: b.Timing.Load + b.Calm() + 2*time.Second, Lasting: 2 * time.Second},
		"Defragment(alpha/m2, 5s)":                   {Name: "stale member", Recovery: b.StaleMember()},
		"ExpireCertificates(alpha)":                  {Name: "lost member", Recovery: b.LostMember()},
		"RotateCertificates(alpha)":                  {Name: "lost member", Recovery: b.LostMember()},
		"LoseQuorum(alpha)":                          {Name: "lost leader", Recovery: b.LostLeader()},
		"RollingRestart(alpha)":                      {Name: "lost leader", Recovery: b.LostLeader()},
		"Blackhole(alpha/m1)":                        {Name: "silent member", Recovery: b.SilentMember()},
		"BlackholeManager(alpha, 1)":                 {Name: "silent member", Recovery: b.SilentMember()},
		"DelayManager(alpha, 1, 100ms)":              {Name: "slow", Recovery: b.Timing.Load + b.Calm() + 300*time.Millisecond, Lasting: 300 * time.Millisecond},
		"DelayManager(alpha, 1, 1s)":                 {Name: "slow", Recovery: b.Timing.Load + b.Calm() + 6*time.Second, Lasting: 6 * time.Second},
		"DelayWatch(alpha/m1, 1s)":                   {Name: "slow", Recovery: b.Timing.Load + b.Calm() + 2*time.Second, Lasting: 2 * time.Second},
		"DelayWatch(alpha/m1, 2s)":                   {Name: "stale member", Recovery: b.StaleMember()},
		"DelayClients(alpha/m2, 100ms)":              {Name: "slow", Recovery: b.Timing.Load + b.Calm() + 300*time.Millisecond, Lasting: 300 * time.Millisecond},
		"DelayClients(alpha/m2, 1.3s)":               {Name: "stale member", Recovery: b.StaleMember()}, // grace and two load intervals
		"DropAnswer(alpha/m2, Range)":                {Name: "silent member", Recovery: b.SilentMember()},
		"DropKeepAlives(alpha/m2)":                   {Name: "calm", Recovery: b.Timing.Load + b.Calm()},
		"DropWatchCreate(alpha/m2)":                  {Name: "lost member", Recovery: b.LostMember()},
		"FailDisk(alpha/m1)":                         {Name: "lost leader", Recovery: b.LostLeader()},
		"FailDisk(alpha/m2)":                         {Name: "lost member", Recovery: b.LostMember()},
		"FailRequest(alpha/m2, Range)":               {Name: "lost member", Recovery: b.LostMember()},
		"LoseLease(alpha)":                           {Name: "calm", Recovery: b.Timing.Load + b.Calm()},
		"DropProgress(alpha/m2)":                     {Name: "idle timeout", Recovery: b.Timing.IdleTimeout + b.LostMember()},
		"DropProgressRequests(alpha/m2)":             {Name: "idle timeout", Recovery: b.Timing.IdleTimeout + b.LostMember()},
		"Freeze(alpha/m1)":                           {Name: "silent leader", Recovery: b.SilentLeader()},
		"Freeze(alpha/m2)":                           {Name: "silent member", Recovery: b.SilentMember()},
		"HalfOpen(alpha/m1)":                         {Name: "silent member", Recovery: b.SilentMember()},
		"HangApply(alpha/m1)":                        {Name: "stale member", Recovery: b.StaleMember()},
		"HangDisk(alpha/leader)":                     {Name: "hung leader", Recovery: b.HungLeader()},
		"HangDisk(alpha/m2)":                         {Name: "stale member", Recovery: b.StaleMember()},
		"Isolate(alpha/m1)":                          {Name: "isolated leader", Recovery: b.IsolatedLeader()},
		"Isolate(alpha/m2)":                          {Name: "stale member", Recovery: b.StaleMember()},
		"Kill(alpha/m1)":                             {Name: "lost leader", Recovery: b.LostLeader()},
		"Kill(alpha/m2)":                             {Name: "lost member", Recovery: b.LostMember()},
		"MisadvertiseMember(alpha/m2)":               {Name: "lost member", Recovery: b.LostMember()},
		"WipeAndRejoin(alpha/m1)":                    {Name: "lost leader", Recovery: b.LostLeader()},
		"WipeAndRejoin(alpha/m2)":                    {Name: "lost member", Recovery: b.LostMember()},
		"MoveLeader(alpha/m2)":                       {Name: "lost leader", Recovery: b.LostLeader()},
		"Partition([alpha/m1], [alpha/m2 alpha/m3])": {Name: "isolated leader", Recovery: b.IsolatedLeader()},
		"PartitionOneWay([alpha/m2], [alpha/m3])":    {Name: "isolated leader", Recovery: b.IsolatedLeader()},
		"Refuse(alpha/m1)":                           {Name: "lost member", Recovery: b.LostMember()},
		"RemoveMember(alpha/m1)":                     {Name: "lost leader", Recovery: b.LostLeader()},
		"RemoveMember(alpha/m3)":                     {Name: "lost member", Recovery: b.LostMember()},
		"Reset(alpha/m1)":                            {Name: "lost member", Recovery: b.LostMember()},
		"Restart(alpha/m1)":                          {Name: "lost leader", Recovery: b.LostLeader()},
		"Restart(alpha/m2)":                          {Name: "lost member", Recovery: b.LostMember()},
		"SlowApply(alpha/m1, 5s)":                    {Name: "slow", Recovery: b.Timing.Load + b.Calm() + 10*time.Second, Lasting: 10 * time.Second},
		"SlowApply(alpha/m2, 5s)":                    {Name: "stale member", Recovery: b.StaleMember()},
		"SlowDisk(alpha/m1, 100ms)":                  {Name: "slow disk", Recovery: b.Timing.Load + b.Calm() + 300*time.Millisecond, Lasting: 100 * time.Millisecond},
		"SlowDisk(alpha/m1, 500ms)":                  {Name: "hung leader", Recovery: b.HungLeader(), Lasting: 500 * time.Millisecond}, // half an election timeout
		"SlowDisk(alpha/m2, 500ms)":                  {Name: "slow disk", Recovery: b.Timing.Load + b.Calm() + b.SlowWrite(500*time.Millisecond), Lasting: 500 * time.Millisecond},
		"SlowDisk(alpha/m2, 5s)":                     {Name: "stale member", Recovery: b.StaleMember()},
		"SlowLink(alpha/m1, 50ms, 50ms)":             {Name: "slow", Recovery: b.Timing.Load + b.Calm() + 400*time.Millisecond, Lasting: 400 * time.Millisecond},
		"SlowLink(alpha/m1, 200ms, 50ms)":            {Name: "isolated leader", Recovery: b.IsolatedLeader(), Lasting: time.Second},
		"SlowLink(alpha/m2, 200ms, 50ms)":            {Name: "slow", Recovery: b.Timing.Load + b.Calm() + time.Second, Lasting: time.Second},
		"SlowLink(alpha/m2, 500ms, 500ms)":           {Name: "stale member", Recovery: b.StaleMember()},
		"WithholdEvents(alpha/m2)":                   {Name: "stale member", Recovery: b.StaleMember()},
	} {
		plan, err := planned(t, text)
		require.NoError(t, err, text)
		require.Equal(t, want, plan.Allowance, text)
	}
}

// On paper nobody can create users, so the error is part of the test.
func TestFaultsOfUsersAndCertificatesNeedThem(t *testing.T) {
	b := bound.Bounds{Timing: bound.Production()}
	for _, text := range []string{"DisableAuth(alpha)", "ExpireTokens(alpha)"} {
		plan, err := planned(t, text)
		require.EqualError(t, err, "cluster alpha has no users")
		require.Equal(t, record.Allowance{Name: "lost member", Recovery: b.LostMember()}, plan.Allowance, text)
	}
	for _, text := range []string{"ExpireCertificates(beta)", "RotateCertificates(beta)"} {
		_, err := planned(t, text)
		require.EqualError(t, err, "cluster beta serves its clients without TLS")
	}
}

func TestExpiredCertificatesCostTheReachUntilTheyAreRenewed(t *testing.T) {
	r := onPaper(t, func(w *harness.World) {
		alpha := w.Cluster("alpha")
		expire := w.Inject(ExpireCertificates(alpha))
		require.True(t, w.Lost(alpha, record.LostReach))
		require.False(t, w.Lost(alpha, record.LostQuorum))
		expire.Heal()
		require.False(t, w.Lost(alpha, record.LostReach))
		w.Inject(RotateCertificates(alpha))
		require.False(t, w.Lost(alpha, record.LostReach), "there is no manager that has old certificates")
	})
	require.Empty(t, r.Faults[0].Scope.Unreachable, "connections that are open go on")
}

func TestAPlanNamesItsMembers(t *testing.T) {
	for text, want := range map[string]string{
		"HangDisk(alpha/leader)":                               "HangDisk(alpha/m1)",
		"SlowDisk(alpha/follower, 250ms)":                      "SlowDisk(alpha/m2, 250ms)",
		"Partition([alpha/leader], [alpha/follower alpha/m3])": "Partition([alpha/m1], [alpha/m2 alpha/m3])",
		"AddMember(beta)":                                      "AddMember(beta)",
		"MoveLeader(alpha/follower)":                           "MoveLeader(alpha/m2)",
	} {
		plan, err := planned(t, text)
		require.NoError(t, err, text)
		require.Equal(t, want, plan.Text)
	}
}

func TestWhatCannotHappenIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"HangDisk(gamma/m1)":                               `no cluster "gamma" in this world`,
		"HangDisk(alpha/m9)":                               `cluster alpha has no member "m9"`,
		"HangDisk(alpha/watched)":                          `the manager has neither a watch nor a connection there`,
		"AddMember(gamma)":                                 `no cluster "gamma" in this world`,
		"MoveLeader(alpha/m1)":                             `alpha/m1 leads already`,
		"Partition([alpha/m1], [beta/m1])":                 `alpha/m1 and beta/m1 are of two clusters`,
		"PartitionOneWay([alpha/m1 alpha/m2], [alpha/m2])": `alpha/m2 is on both sides`,
		"Isolate(beta/follower)":                           `cluster beta has no follower that runs`,
	} {
		_, err := planned(t, text)
		require.ErrorContains(t, err, want, text)
	}
	for name, f := range map[string]Fault{
		"no delay":        SlowDisk(member("m1"), 0),
		"a group of none": Partition(nil, []harness.Referrer{member("m1")}),
	} {
		onPaper(t, func(w *harness.World) {
			_, err := f.Resolve(w)
			require.Error(t, err, name)
		})
	}
}

func TestNothingIsDoneToAMemberThatIsDown(t *testing.T) {
	onPaper(t, func(w *harness.World) {
		w.Inject(Kill(member("m3")))
		for _, text := range []string{
			"Blackhole(alpha/m3)", "DelayClients(alpha/m3, 1s)", "DelayWatch(alpha/m3, 1s)", "DropProgress(alpha/m3)", "DropProgressRequests(alpha/m3)",
			"DropAnswer(alpha/m3, Txn)", "DropKeepAlives(alpha/m3)", "DropWatchCreate(alpha/m3)", "FailRequest(alpha/m3, Txn)",
			"FailDisk(alpha/m3)", "SlowLink(alpha/m3, 1s, 0s)", "HalfOpen(alpha/m3)",
			"Defragment(alpha/m3, 1s)", "RollingRestart(alpha)", "MisadvertiseMember(alpha/m3)",
			"Freeze(alpha/m3)", "HangApply(alpha/m3)", "HangDisk(alpha/m3)", "Isolate(alpha/m3)", "Isolate(alpha/m1)", "Kill(alpha/m3)", "MoveLeader(alpha/m3)",
			"Partition([alpha/m1], [alpha/m3])", "PartitionOneWay([alpha/m3], [alpha/m1])", "Refuse(alpha/m3)", "Reset(alpha/m3)", "Restart(alpha/m3)",
			"SlowApply(alpha/m3, 1s)", "SlowDisk(alpha/m3, 1s)", "WithholdEvents(alpha/m3)",
		} {
			f, err := Parse(text)
			require.NoError(t, err)
			_, err = f.Resolve(w)
			require.ErrorContains(t, err, "member alpha/m3 is down", text)
		}
	})
}

func TestWhatAFaultTouchesFollowsFromWhatItDoes(t *testing.T) {
	m1, m2, all := []string{"m1"}, []string{"m2"}, []string{"m1", "m2", "m3"}
	down := record.Scope{Members: m1, Crippled: m1, Unreachable: m1, Silenced: m1, Lagging: m1}
	for text, want := range map[string]record.Scope{
		"AddMember(alpha)":               {},
		"Defragment(alpha/m1, 1ms)":      {Members: m1, Lagging: m1, Stuck: m1, Uninformed: m1},
		"Blackhole(alpha/m1)":            {Members: m1, Unreachable: m1, Silenced: m1},
		"BlackholeManager(alpha, 1)":     {Manager: 1, Members: all, Unreachable: all, Silenced: all},
		"DelayManager(alpha, 1, 499ms)":  {Manager: 1, Members: all, Late: 1497 * time.Millisecond},
		"DelayWatch(alpha/m1, 1s)":       {Members: m1, Withheld: m1},
		"DropProgress(alpha/m1)":         {Members: m1, Silenced: m1},
		"DropProgressRequests(alpha/m1)": {Members: m1, Unasked: m1},
		"DropAnswer(alpha/m1, Range)":    {Members: m1, Unreachable: m1},
		"DropKeepAlives(alpha/m1)":       {Members: m1},
		"DropWatchCreate(alpha/m1)":      {Members: m1, Uninformed: m1},
		"FailDisk(alpha/m1)":             down,
		"FailRequest(alpha/m1, Txn)":     {Members: m1, Unreachable: m1},
		"Freeze(alpha/m1)": {
			Members: []string{"m1", "m2", "m3"}, Unreachable: m1, Silenced: m1, Lagging: []string{"m2", "m1", "m3"},
			Cut: [][2]string{{"m1", "m2"}, {"m2", "m1"}, {"m1", "m3"}, {"m3", "m1"}},
		},
		"HalfOpen(alpha/m1)":  {Members: m1, Silenced: m1, Stranded: m1},
		"HangApply(alpha/m1)": {Members: m1, Lagging: m1, Stuck: m1, Uninformed: m1},
		"HangDisk(alpha/m1)":  {Members: m1, Crippled: m1, Lagging: m1},
		"Isolate(alpha/m1)": {
			Members: []string{"m1", "m2", "m3"}, Lagging: []string{"m2", "m1", "m3"},
			Cut: [][2]string{{"m1", "m2"}, {"m2", "m1"}, {"m1", "m3"}, {"m3", "m1"}},
		},
		"Kill(alpha/m1)": down,
		"Partition([alpha/m1], [alpha/m2])": {
			Members: []string{"m1", "m2"}, Lagging: []string{"m2", "m1"}, Cut: [][2]string{{"m1", "m2"}, {"m2", "m1"}},
		},
		"PartitionOneWay([alpha/m1], [alpha/m2])": {Members: []string{"m1", "m2"}, Lagging: m2, Cut: [][2]string{{"m1", "m2"}}},
		"Refuse(alpha/m1)":                        {Members: m1, Unreachable: m1},
		"RemoveMember(alpha/m1)":                  {Members: m1, Unreachable: m1, Silenced: m1, Lagging: m1},
		"Reset(alpha/m1)":                         {Members: m1, Unreachable: m1},
		"Restart(alpha/m1)":                       down,
		"WipeAndRejoin(alpha/m1)":                 down,
		"SlowApply(alpha/m1, 1s)":                 {Members: m1, Lagging: m1},
		"SlowDisk(alpha/m1, 1s)":                  {Members: m1, Lagging: m1, Crippled: m1},
		"SlowLink(alpha/m1, 400ms, 99ms)": {
			Members: []string{"m1", "m2", "m3"}, Lagging: []string{"m2", "m1", "m3"}, Late: 1497 * time.Millisecond,
			Round: 4 * 499 * time.Millisecond,
		},
		// The leader may go on leading, and then no member can answer a linearizable read before it times out.
		"SlowLink(alpha/m1, 400ms, 100ms)": {
			Members: []string{"m1", "m2", "m3"}, Unreachable: m1, Uninformed: []string{"m1", "m2", "m3"}, Lagging: []string{"m2", "m1", "m3"}, Late: 1500 * time.Millisecond,
			Cut: [][2]string{{"m1", "m2"}, {"m2", "m1"}, {"m1", "m3"}, {"m3", "m1"}},
		},
		"WithholdEvents(alpha/m1)": {Members: m1, Withheld: m1, Uninformed: m1},
		// From the delay on that a manager is to leave, no news comes in time.
		"DelayWatch(alpha/m1, 1.3s)": {Members: m1, Withheld: m1, Uninformed: m1},
		"SlowApply(alpha/m1, 1.3s)":  {Members: m1, Lagging: m1, Uninformed: m1},
		// A request is four pieces, each of which waits: it outlasts its timeout of two seconds.
		"DelayClients(alpha/m1, 499ms)": {Members: m1, Late: 1497 * time.Millisecond},
		"DelayClients(alpha/m1, 500ms)": {Members: m1, Unreachable: m1, Late: 1500 * time.Millisecond},
		// The answer to a request for progress comes four delays later, and the request three seconds after the last answer: that is ten seconds.
		"DelayClients(alpha/m1, 1.749s)": {Members: m1, Unreachable: m1, Late: 5247 * time.Millisecond},
		"DelayClients(alpha/m1, 1.75s)":  {Members: m1, Unreachable: m1, Late: 5250 * time.Millisecond, Silenced: m1},
		// A vote comes too late.
		"SlowDisk(alpha/m1, 999ms)": {Members: m1, Lagging: m1, Round: 5 * 999 * time.Millisecond},
	} {
		f, err := Parse(text)
		require.NoError(t, err)
		r := onPaper(t, func(w *harness.World) { w.Inject(f) })
		require.Len(t, r.Faults, 1, text)
		want.Cluster = "alpha"
		require.Equal(t, want, r.Faults[0].Scope, text)
		require.Equal(t, text, r.Faults[0].Text)
		require.GreaterOrEqual(t, r.Faults[0].To, r.Faults[0].From, "%s was healed", text)
	}
}

func TestFaultsOfSeveralMembersAreOneFaultForEachOnTheRecord(t *testing.T) {
	for text, want := range map[string][]string{
		"LoseQuorum(alpha)":            {"LoseQuorum(alpha)", "Kill(alpha/m2)", "Kill(alpha/m3)"},
		"LoseQuorum(beta)":             {"LoseQuorum(beta)", "Kill(beta/m1)"},
		"MisadvertiseMember(alpha/m1)": {"MisadvertiseMember(alpha/m1)", "Restart(alpha/m1)", "Restart(alpha/m1)"},
		"RollingRestart(alpha)":        {"RollingRestart(alpha)", "Restart(alpha/m1)", "Restart(alpha/m2)", "Restart(alpha/m3)"},
	} {
		f, err := Parse(text)
		require.NoError(t, err)
		r := onPaper(t, func(w *harness.World) { w.Inject(f).Heal() })
		var got []string
		for _, f := range r.Faults {
			got = append(got, f.Text)
			require.GreaterOrEqual(t, f.To, f.From)
		}
		require.Equal(t, want, got)
		lost := 0
		for _, l := range r.Losses {
			if l.Of == record.LostQuorum {
				lost++
			}
		}
		if strings.HasPrefix(text, "LoseQuorum") {
			require.Equal(t, 1, lost)
		} else {
			require.Zero(t, lost)
		}
	}
}

func TestAQuorumThatIsLostCannotBeLostOrUsed(t *testing.T) {
	onPaper(t, func(w *harness.World) {
		w.Inject(Kill(member("m2")))
		w.Inject(LoseQuorum(w.Cluster("alpha")))
		require.True(t, w.Lost(w.Cluster("alpha"), record.LostQuorum))
		require.True(t, w.Cluster("alpha").Member("m1").Status().Up != w.Cluster("alpha").Member("m3").Status().Up, "one was enough")
		for _, text := range []string{"LoseQuorum(alpha)", "Compact(alpha)", "Backup(alpha)", "Alarm(alpha)", "LoseLease(alpha)"} {
			f, err := Parse(text)
			require.NoError(t, err)
			_, err = f.Resolve(w)
			require.EqualError(t, err, "cluster alpha has lost its quorum and cannot commit anything", text)
		}
	})
}

func TestWhatABackupRestoresMustBeKnown(t *testing.T) {
	plan, err := planned(t, "Restore(alpha)")
	require.EqualError(t, err, "the workload nothing does not say which facts follow from its keys, so nobody knows what a backup of alpha restores")
	b := bound.Bounds{Timing: bound.Production()}
	require.Equal(t, record.Allowance{Name: "restored", Recovery: b.LostLeader() + b.ProbeNotice() + b.Attach()}, plan.Allowance)
}

func TestFaultsOfOneInstantAreOverWhenTheyHaveHappened(t *testing.T) {
	for text, once := range map[string]bool{
		"AddMember(alpha)": true, "RemoveMember(alpha/m3)": true, "Restart(alpha/m3)": true, "Kill(alpha/m3)": false, "HangDisk(alpha/m3)": false,
	} {
		f, err := Parse(text)
		require.NoError(t, err)
		r := onPaper(t, func(w *harness.World) {
			w.Inject(f)
			w.Note("injected")
		})
		require.Equal(t, once, r.Faults[0].To <= r.Notes[0].At, text)
	}
}

func TestACutAndADeathMayTakeTheQuorumBetweenThem(t *testing.T) {
	r := onPaper(t, func(w *harness.World) {
		cut := w.Inject(Partition([]harness.Referrer{member("m1")}, []harness.Referrer{member("m2"), member("m3")}))
		w.Inject(Kill(member("m3"))).Heal()
		cut.Heal()
	})
	require.Len(t, r.Losses, 1)
	require.Equal(t, record.LostQuorum, r.Losses[0].Of)
	require.Equal(t, r.Faults[1].From, r.Losses[0].From)
	require.Equal(t, r.Faults[1].To, r.Losses[0].To)
}
