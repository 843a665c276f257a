package fakes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// TiDB is a TiDB server as far as etcd sees one: it registers itself under a lease and keeps that alive. Each time it starts it has
// a start timestamp that no other has.
type TiDB struct {
	Cluster *harness.Cluster
	Address string // host:port
	// Turns is after how many turns of the cluster's load it stops, or starts again; zero: it stays.
	Turns int

	lease clientv3.LeaseID
	alive time.Duration // when a request was begun that found the lease alive
}

// tidbInfo is what a TiDB server says of itself.
type tidbInfo struct {
	Version        string            `json:"version"`
	GitHash        string            `json:"git_hash"`
	IP             string            `json:"ip"`
	StatusPort     uint              `json:"status_port"`
	DeployPath     string            `json:"deploy_path"`
	StartTimestamp int64             `json:"start_timestamp"`
	Labels         map[string]string `json:"labels"`
}

// TiDBKeys are where a TiDB server announces itself: its info and its time to live. It counts only with both.
func TiDBKeys(address string) (info, ttl string) {
	return "/topology/tidb/" + address + "/info", "/topology/tidb/" + address + "/ttl"
}

// Run registers the server and refreshes its registration until ctx ends.
func (s *TiDB) Run(ctx context.Context) error {
	turns := s.Cluster.Turns()
	defer turns.End()
	for ctx.Err() == nil {
		if err := s.start(ctx); err != nil {
			return err
		}
		err := s.live(ctx, turns)
		if err == nil {
			err = s.stop(ctx, turns)
		}
		if err != nil && !errors.Is(err, errLeaseLost) {
			return err
		}
	}
	return ctx.Err()
}

var errLeaseLost = errors.New("lease lost")

// start announces the server under a new lease.
func (s *TiDB) start(ctx context.Context) error {
	lease, err := s.Cluster.Grant(ctx)
	if err != nil {
		return fmt.Errorf("tidb %s: grant a lease: %w", s.Address, err)
	}
	s.lease = lease
	host, _, _ := net.SplitHostPort(s.Address)
	started := s.Cluster.Stamp()
	info, err := json.Marshal(tidbInfo{
		Version: "8.5.0", GitHash: "none", IP: host, StatusPort: 10080, DeployPath: "/tidb", StartTimestamp: started,
	})
	if err != nil {
		return err
	}
	infoKey, ttlKey := TiDBKeys(s.Address)
	var revision int64
	begun, err := s.Cluster.Commit(ctx, func(ctx context.Context, client *clientv3.Client) error {
		if _, err := client.Put(ctx, infoKey, string(info), clientv3.WithLease(s.lease)); err != nil {
			return err
		}
		resp, err := client.Put(ctx, ttlKey, nanoseconds(), clientv3.WithLease(s.lease))
		if err == nil {
			revision = resp.Header.Revision
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("tidb %s: register: %w", s.Address, err)
	}
	s.alive = begun
	s.record(begun, strconv.FormatInt(started, 10), revision)
	return nil
}

// live refreshes the registration until it is time to stop. It returns errLeaseLost, with the loss on record, if etcd let go of the
// lease.
func (s *TiDB) live(ctx context.Context, turns *harness.Turns) error {
	living, stop := context.WithCancel(ctx)
	defer stop()
	// The refresher goes on while the load rests.
	refreshing, living := errgroup.WithContext(living)
	refreshing.Go(func() error { return s.refresh(living) })
	if s.Turns > 0 {
		for range s.Turns {
			if !turns.Next(living, s.Cluster.LoadInterval()) {
				break
			}
		}
		stop()
	}
	if err := refreshing.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return ctx.Err()
}

// refresh keeps the lease alive and the time to live new.
func (s *TiDB) refresh(ctx context.Context) error {
	_, ttlKey := TiDBKeys(s.Address)
	for {
		timer := time.NewTimer(s.Cluster.RefreshInterval())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		gone := false
		begun, err := s.Cluster.Commit(ctx, func(ctx context.Context, client *clientv3.Client) error {
			_, err := client.KeepAliveOnce(ctx, s.lease)
			if err == nil {
				_, err = client.Put(ctx, ttlKey, nanoseconds(), clientv3.WithLease(s.lease))
			}
			if gone = errors.Is(err, rpctypes.ErrLeaseNotFound); gone {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
		if gone {
			// Nobody says when. It was after this, and that is what the ledger may say of it.
			s.record(s.alive, "", 0)
			return errLeaseLost
		}
		s.alive = begun
	}
}

// stop takes the registration back and waits as long as it lived before the next start.
func (s *TiDB) stop(ctx context.Context, turns *harness.Turns) error {
	var revision int64
	infoKey, ttlKey := TiDBKeys(s.Address)
	begun, err := s.Cluster.Commit(ctx, func(ctx context.Context, client *clientv3.Client) error {
		resp, err := client.Txn(ctx).Then(clientv3.OpDelete(infoKey), clientv3.OpDelete(ttlKey)).Commit()
		if err == nil {
			revision = resp.Header.Revision
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("tidb %s: unregister: %w", s.Address, err)
	}
	s.record(begun, "", revision)
	for range s.Turns {
		if !turns.Next(ctx, s.Cluster.LoadInterval()) {
			return ctx.Err()
		}
	}
	return nil
}

func (s *TiDB) record(begun time.Duration, value string, revision int64) {
	s.Cluster.Record(begun, record.Subject{Kind: record.Backend, Name: s.Address}, value, revision)
}

// nanoseconds is what a time-to-live key holds.
func nanoseconds() string { return strconv.FormatInt(time.Now().UnixNano(), 10) }
