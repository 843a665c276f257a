package bound

import "time"

// Term is one summand of a bound: what takes the time, in words, and how long.
type Term struct {
	What string
	Long time.Duration
}

// Terms are the summands of the recovery of an allowance, by the name that the allowance has. It is nil for a name that stands for no fixed sum, for
// example "slow", whose length depends on the delay.
func (b Bounds) Terms(allowance string) []Term {
	election := Term{"an election", b.Election()}
	update := Term{"the wait for the next update", b.Timing.Load}
	stale := Term{"noticing a member that has fallen behind", b.StaleNotice()}
	silent := Term{"noticing a silent member", b.SilentNotice()}
	attach := Term{"attaching to another member", b.Attach()}
	arrival := Term{"the way of the update to the view", b.Calm()}
	switch allowance {
	case "hung leader", "isolated leader":
		return []Term{election, update, stale, attach, arrival}
	case "lost leader":
		return []Term{election, update, attach, arrival}
	case "lost member":
		return []Term{update, attach, arrival}
	case "silent leader":
		return []Term{election, update, silent, attach, arrival}
	case "silent member":
		return []Term{update, silent, attach, arrival}
	case "stale member":
		return []Term{update, stale, attach, arrival}
	case "calm":
		return []Term{update, arrival}
	}
	return nil
}
