package main

import (
	"github.com/stormwatch/stormwatch/fakes/owners"
	"github.com/stormwatch/stormwatch/harness"
)

// concurrencyOwners owns a lock by clientv3's concurrency.Mutex and a leadership by Election.Campaign, each until Session.Done. Its adapter is that of
// the repository's own catalogue, where it is a negative control.
func concurrencyOwners() harness.Candidate {
	c := owners.Concurrency()
	c.Name, c.Summary, c.Caught = "concurrency-owners", "go.etcd.io/etcd/client/v3/concurrency, Mutex and Election.Campaign", ""
	return c
}
