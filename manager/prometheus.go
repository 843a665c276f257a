package manager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

const (
	prometheusKey = "/topology/prometheus"
	// prometheusTries is how many members are asked where the Prometheus is, as in TiProxy.
	prometheusTries = 3
)

// ErrNoPrometheus says that nobody announced a Prometheus in the cluster.
var ErrNoPrometheus = errors.New("no Prometheus is announced")

// Prometheus is where the metrics of a cluster are, as TiUP announces it.
type Prometheus struct {
	IP         string `json:"ip"`
	BinaryPath string `json:"binary_path"`
	Port       int    `json:"port"`
}

// URL is its address for an HTTP client.
func (p Prometheus) URL() string { return "http://" + net.JoinHostPort(p.IP, strconv.Itoa(p.Port)) }

// Prometheus looks up the cluster's Prometheus in etcd. It tries three times, through several members where there
// are several, each for Config.RequestTimeout, and blocks no longer than ctx. It fails with an [*OpError] when
// nobody answers, with [ErrNoPrometheus], wrapped, when there is none, and with a [*MalformedError] when the
// announcement cannot be used.
func (c *Cluster) Prometheus(ctx context.Context) (found Prometheus, err error) {
	if c.runtime == nil {
		return Prometheus{}, ErrNoCluster
	}
	err = c.runtime.gate.do(ctx, func(ctx context.Context) error {
		found, err = c.runtime.prometheus(ctx)
		return err
	})
	return found, err
}

func (r *runtime) prometheus(ctx context.Context) (Prometheus, error) {
	begun := time.Now()
	response, err := r.get(ctx, prometheusKey, prometheusTries)
	if err != nil {
		return Prometheus{}, err
	}
	where := Where{Cluster: r.target.Cluster, Key: prometheusKey, Elapsed: time.Since(begun)}
	if len(response.Kvs) == 0 {
		return Prometheus{}, &OpError{Where: where, Op: "find Prometheus", Err: ErrNoPrometheus}
	}
	found, err := parsePrometheus(response.Kvs[0].Value)
	if err != nil {
		return Prometheus{}, &MalformedError{Where: where, Revision: response.Kvs[0].ModRevision, Err: err}
	}
	return found, nil
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
