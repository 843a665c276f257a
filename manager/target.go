package manager

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"google.golang.org/grpc"
)

// Target is one cluster to manage.
//
// Two targets of a name are the same, and the cluster keeps its runtime, when they have the same set of endpoints,
// the same set of name servers, the same TLS files by name and the same TLS pointer. Functions cannot be compared,
// so a change of Dial or DialOptions alone is not noticed; and a new *tls.Config must be a new pointer, while an
// unchanged one must keep the old pointer. Certificates that rotate are better given as TLSFiles, whose content is
// read anew for every connection and never needs a new target.
type Target struct {
	Cluster string
	// Endpoints in any form that etcd's client accepts. Their order does not matter for sameness, but a watch
	// first tries them in this order.
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

// Validate says what [Manager.Apply] would have against the target, as a [*TargetError], without applying it.
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

// hostFault says why something is not the name or address of a host.
func hostFault(host string) string {
	if host == "" {
		return "it is empty"
	}
	if net.ParseIP(host) != nil {
		return ""
	}
	bad := func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune(`/?#@:[]%\`, r)
	}
	if strings.ContainsFunc(host, bad) {
		return "it is neither an IP address nor the name of a host"
	}
	return ""
}
