package manager

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"

	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// Target is one cluster to manage.
//
// Two targets with the same name are equal, and the cluster keeps its runtime, if they have the same set of endpoints,
// the same set of name servers, the same names of TLS files and the same TLS pointer. Functions cannot be compared,
// so a change of Dial or DialOptions alone is not noticed. A changed *tls.Config must be a new pointer, and an
// unchanged one must keep its pointer. For certificates that rotate use TLSFiles: they are read again for every connection
// and never need a new target.
type Target struct {
	Cluster string
	// Endpoints are in any form that etcd's client accepts. Their order does not matter for equality, but a watch
	// tries them in this order at first.
	Endpoints []string
	// NameServers resolve the names of everything that is dialed for this cluster, as host or host:port (port 53
	// when absent). Their order does not matter. None: the resolver of the process.
	NameServers []string
	// TLS is how to speak TLS with the members, and with HTTPS servers through the cluster's HTTP client. Nil:
	// the defaults of crypto/tls where an address asks for TLS.
	TLS *tls.Config
	// TLSFiles take the place of the root and client certificates of TLS. Zero: there are no files.
	TLSFiles TLSFiles
	// Dial connects to an address whose name has been resolved, for etcd and HTTP alike. Nil: the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Username and Password are for a cluster with authentication; both or neither. Tokens are fetched, and fetched
	// again when they have expired, for each member by itself.
	Username, Password string
	// DialOptions are added after the manager's own and override them, except for transport credentials.
	DialOptions []grpc.DialOption
}

// normalize checks a target and returns a copy with trimmed, unrepeated endpoints that the caller cannot change.
func (t Target) normalize() (Target, error) {
	t.Cluster = strings.TrimSpace(t.Cluster)
	if t.Cluster == "" {
		return Target{}, &TargetError{Reason: "the name is empty"}
	}
	endpoints, err := guard.Endpoints(t.Endpoints)
	if err != nil {
		wrong := &TargetError{Cluster: t.Cluster, Reason: err.Error()}
		var fault *guard.EndpointError
		if errors.As(err, &fault) {
			wrong.Endpoint, wrong.Reason = fault.Endpoint, fault.Reason
		}
		return Target{}, wrong
	}
	t.Endpoints = endpoints
	servers, err := normalizeNameServers(t.Cluster, t.NameServers)
	if err != nil {
		return Target{}, err
	}
	t.NameServers = servers
	if (t.TLSFiles.Cert == "") != (t.TLSFiles.Key == "") {
		return Target{}, &TargetError{Cluster: t.Cluster, Reason: "certificate and key file come together or not at all"}
	}
	if (t.Username == "") != (t.Password == "") {
		return Target{}, &TargetError{Cluster: t.Cluster, Reason: "user name and password come together or not at all"}
	}
	t.DialOptions = slices.Clone(t.DialOptions)
	return t, nil
}

func (t Target) same(other Target) bool {
	return equalSets(t.Endpoints, other.Endpoints) && equalSets(t.NameServers, other.NameServers) &&
		t.Username == other.Username && t.Password == other.Password && t.TLS == other.TLS && t.TLSFiles == other.TLSFiles
}

func equalSets(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// Validate returns the [*TargetError] that [Manager.Apply] would return for the target, without applying it.
func (t Target) Validate() error {
	_, err := t.normalize()
	return err
}

// normalizeAll checks the whole set that Apply was given and returns it by name, with the names in order.
func normalizeAll(targets []Target) (map[string]Target, []string, error) {
	set := make(map[string]Target, len(targets))
	var names []string
	for _, raw := range targets {
		t, err := raw.normalize()
		if err != nil {
			return nil, nil, err
		}
		if _, ok := set[t.Cluster]; ok {
			return nil, nil, &TargetError{Cluster: t.Cluster, Reason: "the name occurs twice"}
		}
		set[t.Cluster] = t
		names = append(names, t.Cluster)
	}
	return set, names, nil
}
