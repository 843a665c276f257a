// Command proxy shows how a proxy in front of several TiDB clusters uses the reference manager: it follows TiProxy's configuration file, registers itself
// in each cluster, and knows the TiDB servers of all. It needs the file and its own address, and prints
//
//	proxy proxy.toml 10.0.0.8:6000                            the TiDB servers, each time that they change
//	proxy proxy.toml 10.0.0.8:6000 connect alpha/10.0.1.1:4000   whether a server can be reached through the name servers of its cluster
//	proxy proxy.toml 10.0.0.8:6000 checkpoints alpha nightly     the checkpoints of a log backup
//	proxy proxy.toml 10.0.0.8:6000 wait alpha nightly 4500       the first checkpoint above 4500, as BR's advancer waits for it
//	proxy proxy.toml 10.0.0.8:6000 metrics 'up'                  the answer of each cluster's Prometheus
//	proxy proxy.toml 10.0.0.8:6000 drain                         nothing more: its registration is gone, and it goes on until it is interrupted
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/tidb"
	"github.com/stormwatch/stormwatch/manager/tiproxy"
	"github.com/stormwatch/stormwatch/manager/tiproxy/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "want a configuration file and the proxy's address, host:port")
		os.Exit(2)
	}
	if err := run(ctx, os.Args[1], os.Args[2], os.Args[3:], os.Stdout); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run manages the clusters of the file, and does what the words say. It blocks until that is done or ctx ends.
func run(ctx context.Context, file, address string, words []string, out io.Writer) (err error) {
	log, err := zap.NewProduction()
	if err != nil {
		return err
	}
	targets, err := config.Load(file)
	if err != nil {
		return err
	}
	registration, err := tiproxy.Instance{Address: address, Version: "example"}.Registration()
	if err != nil {
		return err
	}
	changed := make(chan struct{}, 1)
	cfg := manager.Config{Registration: registration, Logger: log}
	m, err := tidb.New(tidb.Config{
		Manager: cfg,
		OnChange: func(string, tidb.View) {
			select {
			case changed <- struct{}{}:
			default: // somebody will look anyway
			}
		},
	})
	if err != nil {
		return err
	}
	defer func() {
		log.Info("closing", zap.Duration("at most", cfg.CloseBound()))
		err = errors.Join(err, m.Close())
	}()
	if err := m.Apply(ctx, targets); err != nil {
		return err
	}

	group, ctx := errgroup.WithContext(ctx)
	updates := make(chan []manager.Target)
	report := func(err error) { log.Warn("the configuration stays as it was", zap.Error(err)) }
	group.Go(func() error { return config.Watcher{File: file, Report: report}.Run(ctx, updates) })
	group.Go(func() error { return m.Follow(ctx, updates, report) })
	group.Go(func() error {
		if err := do(ctx, m, changed, words, out); err != nil {
			return err
		}
		return errDone
	})
	if err := group.Wait(); !errors.Is(err, errDone) {
		return err
	}
	return nil
}

// errDone ends the other goroutines of run when all is done.
var errDone = errors.New("done")

func do(ctx context.Context, m *tidb.Manager, changed <-chan struct{}, words []string, out io.Writer) error {
	switch {
	case len(words) == 0:
		return servers(ctx, m, changed, out)
	case words[0] == "connect" && len(words) == 2:
		return connect(ctx, m, words[1], out)
	case words[0] == "checkpoints" && len(words) == 3:
		return checkpoints(ctx, m, words[1], words[2], out)
	case words[0] == "wait" && len(words) == 4:
		return wait(ctx, m, words[1], words[2], words[3], out)
	case words[0] == "metrics" && len(words) == 2:
		return metrics(ctx, m, words[1], out)
	case words[0] == "drain" && len(words) == 1:
		return drain(ctx, m, out)
	}
	return fmt.Errorf("%q: want connect CLUSTER/ADDRESS, checkpoints CLUSTER TASK, wait CLUSTER TASK CHECKPOINT, metrics QUERY, or drain", words)
}

// servers prints the TiDB servers of all clusters, now and each time that they change. A cluster that cannot be watched keeps its last known ones.
func servers(ctx context.Context, m *tidb.Manager, changed <-chan struct{}, out io.Writer) error {
	for {
		all, err := m.Topology()
		if err != nil {
			fmt.Fprintln(out, "no cluster has answered yet:", err)
		}
		fmt.Fprintf(out, "%d clusters, %d servers\n", len(m.Clusters()), len(all))
		for _, name := range slices.Sorted(maps.Keys(all)) {
			stale := ""
			if all[name].Stale {
				stale = " (last known)"
			}
			fmt.Fprintf(out, "  %s %s%s\n", name, all[name].Version, stale)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// connect connects to a server through the network of its cluster.
func connect(ctx context.Context, m *tidb.Manager, server string, out io.Writer) error {
	cluster, address, _ := strings.Cut(server, "/")
	conn, err := m.DialContext(ctx, cluster, "tcp", address)
	if errors.Is(err, manager.ErrNoCluster) {
		return fmt.Errorf("%w; there are %v", err, m.Clusters())
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "connected to", conn.RemoteAddr())
	return conn.Close()
}

// checkpoints prints the checkpoint of a log backup each time that it advances, whichever member the watch sits on.
func checkpoints(ctx context.Context, m *tidb.Manager, cluster, task string, out io.Writer) error {
	for checkpoint, err := range m.Checkpoints(ctx, cluster, task) {
		if err != nil {
			return err
		}
		fmt.Fprintln(out, checkpoint.Value)
	}
	return ctx.Err()
}

// wait prints the first checkpoint of a log backup that is greater than the given one.
func wait(ctx context.Context, m *tidb.Manager, cluster, task, than string, out io.Writer) error {
	current, err := strconv.ParseUint(than, 10, 64)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	next, err := m.WaitCheckpointAdvance(ctx, cluster, task, current)
	if errors.Is(err, manager.ErrClusterGone) {
		return fmt.Errorf("the configuration has this cluster no more: %w", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(out, next)
	return nil
}

// drain withdraws the registration, so that nobody new comes, and serves those who are there until ctx ends.
func drain(ctx context.Context, m *tidb.Manager, out io.Writer) error {
	if err := m.SetRegistration(manager.Registration{}); err != nil {
		return err
	}
	for _, cluster := range m.Clusters() {
		fmt.Fprintf(out, "%s: %d keys of our own\n", cluster, len(m.OwnKeys(cluster)))
	}
	<-ctx.Done()
	return ctx.Err()
}

// metrics asks the Prometheus of each cluster. One that does not answer delays nobody.
func metrics(ctx context.Context, m *tidb.Manager, query string, out io.Writer) error {
	answer, err := tiproxy.Querier{Manager: m.Manager}.Query(ctx, query, time.Now())
	if err != nil {
		return err
	}
	for _, sample := range answer.Samples {
		fmt.Fprintln(out, sample)
	}
	for _, cluster := range slices.Sorted(maps.Keys(answer.Errors)) {
		if errors.Is(answer.Errors[cluster], tiproxy.ErrNoPrometheus) {
			fmt.Fprintln(out, cluster, "has no Prometheus")
		}
	}
	return nil
}
