package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/naming/endpoints"
	"go.etcd.io/etcd/client/v3/naming/resolver"
	gresolver "google.golang.org/grpc/resolver"

	"github.com/stormwatch/stormwatch/harness"
)

// service is the target that the instances are registered under, as a user of package naming writes it.
const service = "services"

// naming is the workload of instances that are registered as package naming/endpoints registers them.
func naming() *harness.Workload {
	return registry{
		name: "naming", summary: "Instances that register in the encoding of clientv3's naming/endpoints, and come and go.", prefix: service + "/",
		value: func(_, address string) string { return fmt.Sprintf(`{"Op":0,"Addr":%q,"Metadata":null}`, address) },
	}.workload()
}

// namingEndpoints is clientv3's naming/endpoints: a channel of updates, which the caller asks for again when it is closed.
func namingEndpoints() harness.Candidate {
	return harness.Candidate{
		Name: "naming-endpoints", Summary: "go.etcd.io/etcd/client/v3/naming/endpoints, Manager.NewWatchChannel",
		Workloads: []*harness.Workload{naming()}, Timing: plain,
		New: harness.Mirror{Follow: func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
			return again(ctx, publish, func(ctx context.Context, show func(harness.Facts)) error { return watchEndpoints(ctx, client, show) })
		}}.New,
	}
}

func watchEndpoints(ctx context.Context, client *clientv3.Client, show func(harness.Facts)) error {
	manager, err := endpoints.NewManager(client, service)
	if err != nil {
		return err
	}
	updates, err := manager.NewWatchChannel(ctx)
	if err != nil {
		return err
	}
	addresses := map[string]string{}
	for batch := range updates {
		for _, u := range batch {
			name := strings.TrimPrefix(u.Key, service+"/")
			if u.Op == endpoints.Delete {
				delete(addresses, name)
			} else {
				addresses[name] = u.Endpoint.Addr
			}
		}
		show(facts(addresses))
	}
	return errors.New("the channel of updates was closed")
}

// namingResolver is clientv3's resolver for gRPC. The adapter takes the place of gRPC's channel.
func namingResolver() harness.Candidate {
	return harness.Candidate{
		Name: "naming-resolver", Summary: "go.etcd.io/etcd/client/v3/naming/resolver, as gRPC uses it for etcd:///services",
		Workloads: []*harness.Workload{naming()}, Timing: plain,
		New: harness.Mirror{Follow: func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
			return again(ctx, publish, func(ctx context.Context, show func(harness.Facts)) error { return resolve(ctx, client, show) })
		}}.New,
	}
}

// resolve builds a resolver, and closes it when ctx ends. gRPC too keeps the one that it has built for as long as the channel is in use.
func resolve(ctx context.Context, client *clientv3.Client, show func(harness.Facts)) error {
	builder, err := resolver.NewBuilder(client)
	if err != nil {
		return err
	}
	target := gresolver.Target{URL: url.URL{Scheme: "etcd", Path: "/" + service}}
	r, err := builder.Build(target, &channel{show: show}, gresolver.BuildOptions{})
	if err != nil {
		return err
	}
	<-ctx.Done()
	r.Close()
	return nil
}

// channel is what a resolver knows of a gRPC channel: it receives the addresses.
type channel struct {
	gresolver.ClientConn // the methods that this resolver does not call
	show                 func(harness.Facts)
}

// UpdateState shows the addresses of a new state.
func (c *channel) UpdateState(s gresolver.State) error {
	var addresses []string
	for _, e := range s.Endpoints {
		for _, a := range e.Addresses {
			addresses = append(addresses, a.Addr)
		}
	}
	c.show(facts(byName(addresses)))
	return nil
}
