package manager

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/stormwatch/stormwatch/manager/guard"
)

const (
	// answersKept is how long the answer of a name server is reused. It is short, since a PD that moves in Kubernetes
	// keeps its name, but long enough that one round through all members of a cluster looks up each name once.
	answersKept = 5 * time.Second
	// nameServerTimeout is how long one name server may take before the next one is asked.
	nameServerTimeout = 2 * time.Second
)

// ErrUnresolved matches every [*ResolveError] in errors.Is.
var ErrUnresolved = errors.New("name not resolved")

// ResolveError says that no name server of a cluster knew a name. Endpoint is the last server asked, Key the name.
type ResolveError struct {
	guard.Where
	Err error
}

func (e *ResolveError) Error() string {
	return fmt.Sprintf("%v (%v): %v", ErrUnresolved, e.Where, e.Err)
}

func (e *ResolveError) Unwrap() []error { return []error{ErrUnresolved, e.Err} }

// resolver resolves names with the name servers of one cluster, each in turn, as TiProxy does with its ns-servers. Two
// clusters in two Kubernetes clusters may use the same name for different machines.
type resolver struct {
	cluster string
	servers []nameServer
	// asked counts lookups, so that each begins with another server.
	asked atomic.Uint64

	mu      sync.Mutex
	answers map[string]answer
}

// nameServer is one name server. Each has its own net.Resolver: a single resolver with a rotating dialer would make as
// many attempts as the system's /etc/resolv.conf says, and might give up before it has asked every server.
type nameServer struct {
	address  string
	resolver *net.Resolver
}

type answer struct {
	addresses []netip.Addr
	until     time.Time
}

// newResolver returns nil when there are no servers.
func newResolver(cluster string, servers []string, dial dialFunc) *resolver {
	if len(servers) == 0 {
		return nil
	}
	r := &resolver{cluster: cluster, answers: make(map[string]answer)}
	for _, address := range servers {
		r.servers = append(r.servers, nameServer{address: address, resolver: &net.Resolver{
			PreferGo: true,
			Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dial(ctx, network, address)
			},
		}})
	}
	return r
}

// lookup returns the addresses of a host. It uses a recent answer if there is one. If the host is an address, lookup
// returns it without a query.
func (r *resolver) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	if kept := r.kept(host); kept != nil {
		return kept, nil
	}
	begun := time.Now()
	first := r.asked.Add(1) - 1
	var failure error
	for i := range r.servers {
		s := r.servers[(first+uint64(i))%uint64(len(r.servers))]
		addresses, err := s.ask(ctx, host)
		if err == nil {
			r.keep(host, addresses)
			return addresses, nil
		}
		failure = &ResolveError{
			Where: guard.Where{Cluster: r.cluster, Endpoint: s.address, Key: host, Elapsed: time.Since(begun)}, Err: err,
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failure
}

func (s nameServer) ask(ctx context.Context, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, nameServerTimeout)
	defer cancel()
	addresses, err := s.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for i := range addresses {
		addresses[i] = addresses[i].Unmap()
	}
	return addresses, nil
}

func (r *resolver) kept(host string) []netip.Addr {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.answers[host]; ok && time.Now().Before(known.until) {
		return known.addresses
	}
	return nil
}

// keep keeps an answer. It also drops old answers, so that there are no more answers than names in use.
func (r *resolver) keep(host string, addresses []netip.Addr) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, known := range r.answers {
		if !now.Before(known.until) {
			delete(r.answers, name)
		}
	}
	r.answers[host] = answer{addresses: addresses, until: now.Add(answersKept)}
}

// forget drops an answer whose addresses could not be connected to: the machine may have moved.
func (r *resolver) forget(host string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.answers, host)
}

// normalizeNameServers returns the servers as host:port, each once.
func normalizeNameServers(cluster string, servers []string) ([]string, error) {
	var normal []string
	for _, raw := range servers {
		address, reason := normalizeNameServer(strings.TrimSpace(raw))
		if reason != "" {
			return nil, &TargetError{Cluster: cluster, NameServer: raw, Reason: reason}
		}
		if !slices.Contains(normal, address) {
			normal = append(normal, address)
		}
	}
	return normal, nil
}

func normalizeNameServer(server string) (address, reason string) {
	if server == "" {
		return "", "the name server is empty"
	}
	if strings.ContainsFunc(server, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '/' }) {
		return "", "the name server is neither host nor host:port"
	}
	if ip, err := netip.ParseAddr(strings.Trim(server, "[]")); err == nil {
		return net.JoinHostPort(ip.String(), "53"), ""
	}
	if !strings.Contains(server, ":") {
		return net.JoinHostPort(server, "53"), ""
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil || host == "" {
		return "", "the name server is neither host nor host:port"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "the name server's port is not between 1 and 65535"
	}
	return net.JoinHostPort(host, port), ""
}
