package manager

import (
	"crypto/tls"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"google.golang.org/grpc"
)

// Target is one cluster to manage.
//
// Two targets of a name are the same, and the cluster keeps its runtime, when they have the same set of endpoints
// and the same TLS pointer. Functions cannot be compared, so a change of DialOptions alone is not noticed; and a
// new certificate must come with a new *tls.Config, while an unchanged one must keep the old pointer.
type Target struct {
	Cluster string
	// Endpoints in any form that etcd's client accepts. Their order does not matter for sameness, but a watch
	// first tries them in this order.
	Endpoints []string
	TLS       *tls.Config
	// DialOptions are added after the manager's own and so override them.
	DialOptions []grpc.DialOption
}

// normalize checks a target and returns a copy with trimmed, unrepeated endpoints that the caller cannot change.
func (t Target) normalize() (Target, error) {
	t.Cluster = strings.TrimSpace(t.Cluster)
	if t.Cluster == "" {
		return Target{}, &TargetError{Reason: "the name is empty"}
	}
	var endpoints []string
	seen := make(map[string]bool)
	for _, raw := range t.Endpoints {
		endpoint := strings.TrimSpace(raw)
		if reason := endpointFault(endpoint); reason != "" {
			return Target{}, &TargetError{Cluster: t.Cluster, Endpoint: raw, Reason: reason}
		}
		if id := authority(endpoint); !seen[id] {
			seen[id] = true
			endpoints = append(endpoints, endpoint)
		}
	}
	if len(endpoints) == 0 {
		return Target{}, &TargetError{Cluster: t.Cluster, Reason: "there is no endpoint"}
	}
	t.Endpoints = endpoints
	t.DialOptions = slices.Clone(t.DialOptions)
	return t, nil
}

func (t Target) same(other Target) bool {
	a, b := slices.Sorted(slices.Values(t.Endpoints)), slices.Sorted(slices.Values(other.Endpoints))
	return slices.Equal(a, b) && t.TLS == other.TLS
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

// endpointFault says what is wrong with an endpoint. It refuses only what cannot possibly be dialed: names without
// a port are legal, since the caller's dialer may know them.
func endpointFault(endpoint string) string {
	if endpoint == "" {
		return "it is empty"
	}
	if strings.ContainsFunc(endpoint, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "it contains a blank"
	}
	if scheme, rest, ok := strings.Cut(endpoint, "://"); ok {
		if !slices.Contains([]string{"http", "https", "unix", "unixs"}, scheme) {
			return "its scheme is none of http, https, unix, unixs"
		}
		if _, err := url.Parse(endpoint); err != nil || rest == "" {
			return "it is not a URL with a host"
		}
	}
	return ""
}

// authority is what identifies an endpoint whether or not it is written with a scheme: the same member is
// often configured as host:port and advertised as http://host:port.
func authority(endpoint string) string {
	_, rest, ok := strings.Cut(endpoint, "://")
	if !ok {
		rest = endpoint
	}
	return strings.TrimSuffix(rest, "/")
}
