package tiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
)

const (
	prometheusKey = "/topology/prometheus"
	// prometheusTries is how many rounds of the members are asked where the Prometheus is, as in TiProxy, and prometheusPause
	// the pause between two rounds.
	prometheusTries = 3
	prometheusPause = 100 * time.Millisecond
)

// ErrNoPrometheus says that no Prometheus is announced in the cluster.
var ErrNoPrometheus = errors.New("no Prometheus is announced")

// Prometheus is the address of a cluster's Prometheus, as TiUP announces it.
type Prometheus struct {
	IP         string `json:"ip"`
	BinaryPath string `json:"binary_path"`
	Port       int    `json:"port"`
}

// URL is its address for an HTTP client.
func (p Prometheus) URL() string { return "http://" + net.JoinHostPort(p.IP, strconv.Itoa(p.Port)) }

// AnnouncementError says that what a cluster announces as its Prometheus cannot be used. Endpoint is empty.
type AnnouncementError struct {
	guard.Where
	// Revision is the revision of the announcement.
	Revision int64
	Err      error
}

func (e *AnnouncementError) Error() string {
	return fmt.Sprintf("Prometheus announced at revision %d (%v): %v", e.Revision, e.Where, e.Err)
}

func (e *AnnouncementError) Unwrap() error { return e.Err }

// FindPrometheus looks up the cluster's Prometheus in etcd. It asks the members of the cluster one after another, each with a
// timeout of Config.Watch.RequestTimeout, for up to three rounds, and blocks no longer than ctx. It fails with a
// [*guard.OpError] if no member answers, with [ErrNoPrometheus], wrapped, if there is none, with an [*AnnouncementError] if
// the announcement cannot be used, and with the errors of [manager.Cluster.Get].
func FindPrometheus(ctx context.Context, c *manager.Cluster) (Prometheus, error) {
	begun := time.Now()
	response, err := askRounds(ctx, c)
	if err != nil {
		return Prometheus{}, err
	}
	where := guard.Where{Cluster: c.Name(), Key: prometheusKey, Elapsed: time.Since(begun)}
	if len(response.Kvs) == 0 {
		return Prometheus{}, &guard.OpError{Where: where, Op: "find Prometheus", Err: ErrNoPrometheus}
	}
	found, err := parsePrometheus(response.Kvs[0].Value)
	if err != nil {
		return Prometheus{}, &AnnouncementError{Where: where, Revision: response.Kvs[0].ModRevision, Err: err}
	}
	return found, nil
}

func askRounds(ctx context.Context, c *manager.Cluster) (response *clientv3.GetResponse, err error) {
	for n := range prometheusTries {
		if n > 0 && !guard.Pause(ctx, prometheusPause) {
			break
		}
		response, err = c.Get(ctx, prometheusKey)
		var failed *guard.OpError
		if !errors.As(err, &failed) || guard.IsAnswer(err) || ctx.Err() != nil {
			break
		}
	}
	return response, err
}

func parsePrometheus(value []byte) (Prometheus, error) {
	var p Prometheus
	if err := json.Unmarshal(value, &p); err != nil {
		return Prometheus{}, fmt.Errorf("announcement is not the JSON expected: %w", err)
	}
	if p.Port < 1 || p.Port > 65535 {
		return Prometheus{}, fmt.Errorf("port %d is not between 1 and 65535", p.Port)
	}
	if reason := hostFault(p.IP); reason != "" {
		return Prometheus{}, fmt.Errorf("address %q: %s", p.IP, reason)
	}
	return p, nil
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
