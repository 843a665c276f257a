package flawed

import "github.com/stormwatch/stormwatch/harness"

// late has the scenarios in which a flawed manager is caught only if the run goes on for the whole Stay of its timing, and why.
var late = map[string]map[string]string{
	"dead-connection": {
		"client-blackholed": "a connection may be dead for as long as keepalive takes",
	},
	"eventwise": {
		"leader-moved": "the next replacement of one server by another must come",
	},
	"forgotten-watch": {
		"leader-moved": "a watch too many may stay open for as long as a manager takes to attach",
	},
	"keeps-lost-lease": {
		"back-one-by-one":            "a key may be missing for as long as a refresh takes to come round",
		"registration-lease-lost":    "a key may be missing for as long as a refresh takes to come round",
		"registration-lease-revoked": "a key may be missing for as long as a refresh takes to come round",
	},
	"leaks-runtime": {
		"endpoints-changed-while-hung": "a watch too many may stay open for as long as a recovery takes",
	},
	"never-well": {
		"leader-moved": "a manager may be out of date for as long as a failover takes",
	},
	"pinger": {
		"leader-moved": "etcd closes a connection only after several pings",
	},
	"poller": {
		"hung-leader-disk": "its reads reach the hung member only now and then",
	},
	"progress-only": {
		"progress-requests-dropped": "nothing is wrong before the idle timeout is over",
	},
	"recreate-loop": {
		"leader-killed": "the loop begins half a minute after the start",
	},
	"serializable-reads": {
		"leader-isolated": "it must read from the isolated member after another one",
	},
	"waits-for-slowest": {
		"hung-leader-disk": "its rounds reach the hung member only now and then",
	},
	"withdrawing": {
		"hung-leader-disk": "its reads reach the hung member only now and then",
	},
}

// withLate sets Late of each candidate.
func withLate(candidates []harness.Candidate) []harness.Candidate {
	for i, c := range candidates {
		candidates[i].Late = late[c.Name]
	}
	return candidates
}
