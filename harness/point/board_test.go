package point

import (
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pingcap/failpoint"
	"github.com/stretchr/testify/require"
)

const poll = 50 * time.Millisecond

// path is a point that only this test uses: failpoint keeps a channel for each point, and the test's bubble must have made it.
func path(t *testing.T, b *Board) Path {
	return b.Path("alpha", strings.ReplaceAll(t.Name(), "/", "_"), WALSave)
}

// inBubble runs a test in virtual time with a board. The test fails if a point meets a value that it does not understand.
func inBubble(t *testing.T, test func(t *testing.T, b *Board, p Path)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := NewBoard(poll, func(p Path, err error) { t.Errorf("%s: %v", p, err) })
		defer b.Close()
		test(t, b, path(t, b))
	})
}

func throw(t *testing.T, b *Board, p Path, terms string) *Thrown {
	t.Helper()
	thrown, err := b.Throw(p, terms)
	if err != nil {
		t.Fatal(err)
	}
	return thrown
}

func decide(t *testing.T, b *Board, p Path, want Kind) {
	t.Helper()
	if got := b.Decide(p); got.Kind != want {
		t.Errorf("decided to %v, want %v", got.Kind, want)
	}
}

func TestTheLatestThrowIsInForceAndHealingBringsBackTheOneBefore(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		decide(t, b, p, Pass)
		drop := throw(t, b, p, `return("drop")`)
		refuse := throw(t, b, p, `return("refuse")`)
		reset := throw(t, b, p, `return("reset")`)
		decide(t, b, p, Reset)
		refuse.Heal() // neither the first nor the last
		decide(t, b, p, Reset)
		reset.Heal()
		decide(t, b, p, Drop)
		reset.Heal() // a second heal does nothing
		decide(t, b, p, Drop)
		drop.Heal()
		decide(t, b, p, Pass)
		if b.On(p) {
			t.Error("the switch is on with everything healed")
		}
	})
}

func TestPointsDoNotTouchEachOther(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		throw(t, b, p, `return("drop")`)
		decide(t, b, b.Path("alpha", "m1", PeerSend("m2")), Pass)
		decide(t, b, b.Path("beta", t.Name(), WALSave), Pass)
	})
}

func TestWhatWasOnBeforeTheBoardThrewStandsAgainAfterTheHeal(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		if err := failpoint.Enable(string(p), `return("drop")`); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = failpoint.Disable(string(p)) }()
		first, second := throw(t, b, p, `return("reset")`), throw(t, b, p, `return("refuse")`)
		second.Heal()
		first.Heal()
		decide(t, b, p, Drop)
		throw(t, b, p, `return("reset")`)
		b.Close()
		if terms, err := failpoint.Status(string(p)); err != nil || terms != `return("drop")` {
			t.Errorf("after the board's end the switch says %q (%v)", terms, err)
		}
	})
}

func TestHangIsHeldUntil(t *testing.T) {
	for name, test := range map[string]struct {
		release func(t *testing.T, b *Board, p Path, hang *Thrown, done chan struct{})
		within  time.Duration // of the release
		want    Kind
	}{
		"it is healed": {
			release: func(_ *testing.T, _ *Board, _ Path, hang *Thrown, _ chan struct{}) { hang.Heal() },
			want:    Pass,
		},
		"its switch is turned off without the board": {
			release: func(t *testing.T, _ *Board, p Path, _ *Thrown, _ chan struct{}) {
				if err := failpoint.Disable(string(p)); err != nil {
					t.Error(err)
				}
			},
			within: poll, want: Pass,
		},
		"its switch is changed without the board": {
			release: func(t *testing.T, _ *Board, p Path, _ *Thrown, _ chan struct{}) {
				if err := failpoint.Enable(string(p), `return("drop")`); err != nil {
					t.Error(err)
				}
			},
			within: poll, want: Pass,
		},
		"a throw on top asks for less": {
			release: func(t *testing.T, b *Board, p Path, _ *Thrown, _ chan struct{}) { throw(t, b, p, `return(100)`) },
			want:    Pass,
		},
		"its caller is done": {
			release: func(_ *testing.T, _ *Board, _ Path, _ *Thrown, done chan struct{}) { close(done) },
			want:    Reset,
		},
		"the board is closed": {
			release: func(_ *testing.T, b *Board, _ Path, _ *Thrown, _ chan struct{}) { b.Close() },
			want:    Pass,
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *Board, p Path) {
				hang, done := throw(t, b, p, `return("hang")`), make(chan struct{})
				began, kinds := time.Now(), make(chan Kind, 1)
				go func() { kinds <- b.Pass(done, p) }()
				// Not a multiple of the poll interval, so that the test shows whether the poll was needed.
				<-time.After(time.Second + 5*poll/2)
				select {
				case kind := <-kinds:
					t.Fatalf("let go to %v before it was released", kind)
				default:
				}
				test.release(t, b, p, hang, done)
				kind := <-kinds
				if late := time.Since(began) - time.Second - 5*poll/2; late > test.within || test.within == 0 && late != 0 {
					t.Errorf("let go %v after it was released, want %v at most", late, test.within)
				}
				if kind != test.want {
					t.Errorf("let go to %v, want %v", kind, test.want)
				}
			})
		})
	}
}

func TestHangOutlivesAnotherHangsHealing(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		first := throw(t, b, p, `return("hang")`)
		kinds := make(chan Kind, 1)
		go func() { kinds <- b.Pass(nil, p) }()
		second := throw(t, b, p, `return("hang")`)
		synctest.Wait()
		first.Heal()
		synctest.Wait()
		if len(kinds) > 0 {
			t.Fatal("let go with a hang in force")
		}
		second.Heal()
		if kind := <-kinds; kind != Pass {
			t.Errorf("let go to %v, want pass", kind)
		}
	})
}

func TestDelayLastsForItsTimeUnlessHealed(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		for terms, want := range map[string]time.Duration{
			`return(250)`:     250 * time.Millisecond,
			`return(0)`:       0,
			`return("1m30s")`: 90 * time.Second,
			`return("10us")`:  10 * time.Microsecond,
		} {
			delay := throw(t, b, p, terms)
			began := time.Now()
			if kind := b.Pass(nil, p); kind != Pass || time.Since(began) != want {
				t.Errorf("%s: %v after %v, want pass after %v", terms, kind, time.Since(began), want)
			}
			delay.Heal()
		}

		delay := throw(t, b, p, `return("1h")`)
		time.AfterFunc(time.Second, delay.Heal)
		began := time.Now()
		if kind := b.Pass(nil, p); kind != Pass || time.Since(began) != time.Second {
			t.Errorf("healed after 1s: %v after %v", kind, time.Since(began))
		}

		throw(t, b, p, `return("1h")`)
		done := make(chan struct{})
		close(done)
		if kind := b.Pass(done, p); kind != Reset {
			t.Errorf("its caller is done: %v, want reset", kind)
		}
	})
}

func TestWhatDoesNotWaitIsPassedOn(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		began := time.Now()
		for _, kind := range []Kind{Drop, Refuse, Reset} {
			thrown := throw(t, b, p, Decision{Kind: kind}.Terms())
			if got := b.Pass(nil, p); got != kind {
				t.Errorf("%v is passed on as %v", kind, got)
			}
			thrown.Heal()
		}
		if time.Since(began) != 0 {
			t.Errorf("it took %v", time.Since(began))
		}
	})
}

func TestCountsAreSpentByDecidingOnly(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		throw(t, b, p, `2*return("drop")`)
		if !b.On(p) || b.Stops(p) {
			t.Error("the switch should be on, and not stop all that passes")
		}
		decide(t, b, p, Drop)
		decide(t, b, p, Drop)
		decide(t, b, p, Pass)

		throw(t, b, p, `1*return("refuse")->1*return(5)->return("reset")`)
		for _, want := range []Kind{Refuse, Delay, Reset, Reset} {
			decide(t, b, p, want)
		}
	})
}

func TestProbabilitiesAreDrawnEachTime(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		struck := func(terms string) int {
			defer throw(t, b, p, terms).Heal()
			n := 0
			for range 400 {
				if b.Decide(p).Kind == Drop {
					n++
				}
			}
			return n
		}
		if n := struck(`100%return("drop")`); n != 400 {
			t.Errorf("100%% struck %d times of 400", n)
		}
		if n := struck(`0%return("drop")`); n != 0 {
			t.Errorf("0%% struck %d times of 400", n)
		}
		// The bounds are twelve standard deviations from the mean.
		if n := struck(`50%return("drop")`); n < 80 || n > 320 {
			t.Errorf("50%% struck %d times of 400", n)
		}
	})
}

func TestStopsSaysWhetherNothingPasses(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		for terms, want := range map[string]bool{
			`return("hang")`: true, `return("drop")`: true, `return(100)`: false, `return("refuse")`: false, `return("reset")`: false,
		} {
			thrown := throw(t, b, p, terms)
			if b.Stops(p) != want {
				t.Errorf("%s stops is %v, want %v", terms, !want, want)
			}
			thrown.Heal()
		}
		if b.Stops(p) || b.On(p) {
			t.Error("a switch that is off stops nothing")
		}
	})
}

func TestThrowRefusesTermsThatWaitOrCannotBeRead(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		for _, terms := range []string{`sleep(100)`, `pause`, `panic`, `print("x")`, `2*return("drop")->pause`, `break`, `retrun("drop")`, `30return("drop")`} {
			thrown, err := b.Throw(p, terms)
			if err == nil {
				thrown.Heal()
				t.Errorf("terms %q were taken", terms)
				continue
			}
			if !strings.Contains(err.Error(), string(p)) {
				t.Errorf("the error does not name the point: %v", err)
			}
			decide(t, b, p, Pass)
		}
	})
}

func TestValuesNoPointUnderstandsAreReportedAndPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reports []string
		b := NewBoard(poll, func(p Path, err error) { reports = append(reports, err.Error()) })
		defer b.Close()
		p := path(t, b)
		for _, terms := range []string{`return("dorp")`, `return("-5s")`, `return()`} {
			reports = nil
			thrown := throw(t, b, p, terms)
			if kind := b.Pass(nil, p); kind != Pass {
				t.Errorf("%s means %v, want pass", terms, kind)
			}
			thrown.Heal()
			if len(reports) != 1 || !strings.Contains(reports[0], string(p)) || !strings.Contains(reports[0], "cannot read") {
				t.Errorf("%s is reported as %q", terms, reports)
			}
		}
		quiet := NewBoard(poll, nil)
		p = path(t, quiet)
		throw(t, quiet, p, `return("dorp")`)
		decide(t, quiet, p, Pass)
		quiet.Close()
	})
}

func TestASwitchIsAwaitedOnAndOff(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		never := make(chan struct{})
		since := func(await func() error) time.Duration {
			t.Helper()
			began := time.Now()
			if err := await(); err != nil {
				t.Error(err)
			}
			return time.Since(began)
		}
		time.AfterFunc(time.Second, func() { throw(t, b, p, `return("drop")`) })
		if took := since(func() error { return b.AwaitOn(never, p) }); took != time.Second {
			t.Errorf("on after %v, want 1s", took)
		}
		// A change of the switch without the board is noticed within one poll interval.
		time.AfterFunc(time.Second+time.Millisecond, func() { _ = failpoint.Disable(string(p)) })
		if took := since(func() error { return b.AwaitOff(never, p) }); took != time.Second+poll {
			t.Errorf("off after %v, want 1.05s", took)
		}
		done := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(done) })
		if err := b.AwaitOn(done, p); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("AwaitOn says %v, want %v", err, io.ErrClosedPipe)
		}
		if err := b.AwaitOff(done, p); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("AwaitOff says %v once done is closed, want %v", err, io.ErrClosedPipe)
		}
	})
}

func TestAClosedBoardPassesEverything(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		thrown := throw(t, b, p, `return("hang")`)
		b.Close()
		if _, err := failpoint.Status(string(p)); err == nil {
			t.Error("the switch is still on in failpoint's registry")
		}
		if _, err := b.Throw(p, `return("drop")`); !errors.Is(err, errClosed) {
			t.Errorf("Throw after Close says %v, want %v", err, errClosed)
		}
		thrown.Heal()
		if err := failpoint.Enable(string(p), `return("drop")`); err != nil {
			t.Fatal(err)
		}
		decide(t, b, p, Pass)
		if b.On(p) {
			t.Error("a switch is on for a closed board")
		}
		select {
		case <-b.changed(p):
		default:
			t.Error("somebody may wait for a closed board")
		}
		if err := failpoint.Disable(string(p)); err != nil {
			t.Error(err)
		}
		b.Close()
	})
}

func TestBoardServesManyAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 50 {
					thrown, err := b.Throw(p, `return("hang")`)
					if err != nil {
						t.Error(err)
						return
					}
					<-time.After(poll)
					thrown.Heal()
				}
			})
			all.Go(func() {
				for range 50 {
					if kind := b.Pass(nil, p); kind != Pass {
						t.Errorf("let go to %v", kind)
					}
					<-time.After(poll / 2)
				}
			})
		}
		all.Wait()
		decide(t, b, p, Pass)
	})
}

func TestJitterFollowsTheSeed(t *testing.T) {
	const path = "stormwatch/jitter"
	draws := func(seed uint64) (drawn []time.Duration) {
		b := NewBoard(poll, nil)
		defer b.Close()
		b.Seed(seed)
		thrown, err := b.Throw(path, Decision{Kind: Delay, Delay: time.Second, Jitter: time.Millisecond}.Terms())
		require.NoError(t, err)
		defer thrown.Heal()
		for range 100 {
			d := b.Decide(path)
			require.Equal(t, Decision{Kind: Delay, Delay: d.Delay}, d)
			require.LessOrEqual(t, time.Second, d.Delay)
			require.LessOrEqual(t, d.Delay, time.Second+time.Millisecond)
			drawn = append(drawn, d.Delay)
		}
		return drawn
	}
	require.Equal(t, draws(1), draws(1))
	require.NotEqual(t, draws(1), draws(2))
	require.Greater(t, slices.Max(draws(1))-slices.Min(draws(1)), time.Millisecond/2)
}
