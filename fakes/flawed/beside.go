package flawed

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// Burdens are managers whose mistake burdens the clusters or shows in what they claim, while their views stay fresh. Apart from the mistake they are
// [guarded].
func Burdens() []harness.Candidate {
	return []harness.Candidate{recreateLoop(), retryStorm(), pinger(), forgottenWatch(), eventwise(), alwaysWell(), neverWell()}
}

// beside is [guarded] with something more that it does with the client of each cluster, until ctx ends.
func beside(name, summary, caught string, do func(context.Context, *clientv3.Client, harness.Setup)) harness.Candidate {
	c := guarded()
	c.Name, c.Summary, c.Caught = name, summary, caught
	c.New = made(func(timing bound.Timing) traits {
		t := guardedTraits(timing)
		t.beside = do
		return t
	})
	return c
}
