package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/stormwatch/stormwatch/harness/record"
)

// leftovers describes the client connections, watches and leases on the cluster that do not belong to the workload, nor to a manager that has it.
func (c *Cluster) leftovers() []string {
	var left []string
	shared := false // a manager has the cluster
	for _, m := range c.world.managers {
		if m.manages(c) && !m.closed.Load() {
			shared = true
			continue
		}
		m.recorder.Look(func(r *record.Record) {
			for _, watch := range r.WatchesAt(c.name, r.End) {
				left = append(left, fmt.Sprintf("watch %d of %s on %s/%s", watch.ID, watch.Key, c.name, watch.Member))
			}
		})
	}
	if shared {
		return left // whose connections and leases there are is not known
	}
	for _, m := range c.Members() {
		switch n := c.running.Connections(m.name); n {
		case 0:
		case 1:
			left = append(left, fmt.Sprintf("a client connection to %s", m))
		default:
			left = append(left, fmt.Sprintf("%d client connections to %s", n, m))
		}
	}
	return append(left, c.foreignLeases()...)
}

// calm is how stale a view of the cluster may be now once it has recovered from the faults in force. What is closed should be gone within the same
// time.
func (c *Cluster) calm() (calm time.Duration) {
	c.world.recorder.Look(func(r *record.Record) { calm = r.CalmAt(c.name, r.End) })
	return calm
}

// farewell is how much longer connections may be left while clients cannot reach a member: what closes them may have something to send first.
func (c *Cluster) farewell() time.Duration {
	if slices.ContainsFunc(c.Members(), func(m *Member) bool { return !m.reachable() }) {
		return c.world.Bounds().Farewell()
	}
	return 0
}

// unrevoked is how much longer leases may be left, because the manager could not revoke a lease of its own: if the certificates were rotated, a part of
// the manager that was replaced because of that may have lost its connections before it was done. The lease then expires.
func (c *Cluster) unrevoked() time.Duration {
	if c.certificates == nil || !c.certificates.Rotated() {
		return 0
	}
	return c.world.Bounds().Expiry()
}

// abandoned says whether there may be a lease of a manager from which the cluster was taken when it could not revoke the lease: the quorum or its reach was
// lost, all its connections were half-open, or the cluster had lost its leader, so that etcd may have dropped the request.
func (c *Cluster) abandoned() (abandoned bool) {
	b := c.world.Bounds()
	for _, m := range c.world.managers {
		m.recorder.Look(func(r *record.Record) {
			for _, t := range r.Tenures {
				if t.Cluster != c.name || t.To < 0 {
					continue
				}
				replaced := slices.ContainsFunc(r.Leaders, func(l record.Leader) bool {
					return l.Cluster == c.name && l.At >= t.To && l.At <= t.To+b.Close()+b.Election()
				})
				if replaced || r.Severed(c.name, t.To) {
					abandoned = abandoned || r.End < c.unrenewed(r, t.To+b.Close())
				}
				for _, l := range r.Losses {
					if l.Cluster == c.name && t.To+b.Close() >= l.From && r.Ended(l.To) >= t.To {
						abandoned = abandoned || r.End < c.unrenewed(r, r.Ended(l.To))
					}
				}
			}
		})
	}
	return abandoned
}

// unrenewed is until when a lease may live that nobody renews from an instant on. Each leader that is elected before it has expired lets it live on.
func (c *Cluster) unrenewed(r *record.Record, since time.Duration) time.Duration {
	until := since + r.Bounds().Expiry()
	for _, elected := range r.Leaders {
		if elected.Cluster == c.name && elected.At <= until {
			until = max(until, elected.At+r.Bounds().Expiry())
		}
	}
	return until
}

func (c *Cluster) foreignLeases() []string {
	asked := c.foremost()
	if asked == nil || c.world.Lost(c, record.LostQuorum) || c.world.Lost(c, record.LostReach) || c.abandoned() {
		return nil // the manager cannot revoke a lease now, or could not earlier; it will expire
	}
	var left []string
	err := asked.attempt(c.world.ctx, c.world.pace.Election/2, func(ctx context.Context, d Direct) error {
		left = nil
		resp, err := d.Client.Leases(ctx)
		if err != nil {
			return err
		}
		for _, l := range resp.Leases {
			if !c.ledger.granted(l.ID) && !c.ledger.cameBack(l.ID) {
				left = append(left, fmt.Sprintf("lease %x in %s", int64(l.ID), c.name))
			}
		}
		return nil
	})
	if err != nil {
		left = append(left, fmt.Sprintf("leases of %s cannot be listed: %v", c.name, err))
	}
	slices.Sort(left)
	return left
}

// LoseLeases revokes all leases in the cluster that the workload has not granted, which are those of managers. It blocks until they are
// revoked, or ctx ends.
func (c *Cluster) LoseLeases(ctx context.Context) error {
	err := c.Ask(ctx, func(ctx context.Context, d Direct) error {
		resp, err := d.Client.Leases(ctx)
		if err != nil {
			return err
		}
		for _, l := range resp.Leases {
			if c.ledger.granted(l.ID) {
				continue
			}
			if _, err := d.Revoke(ctx, l.ID); err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("revoke the manager's leases: %w", err)
	}
	return nil
}

// remaining describes those of the keys that still exist in the cluster.
func (c *Cluster) remaining(keys []string) []string {
	asked := c.foremost()
	if asked == nil || len(keys) == 0 {
		return nil
	}
	missing, err := asked.missing(c.world.ctx, keys)
	if err != nil {
		return []string{fmt.Sprintf("keys of %s cannot be read: %v", c.name, err)}
	}
	var left []string
	for _, key := range keys {
		if !slices.Contains(missing, key) {
			left = append(left, fmt.Sprintf("key %s in %s", key, c.name))
		}
	}
	return left
}

// goroutines returns the stacks of the goroutines that the manager has started, directly or through others. It knows them by a profiler
// label, which a goroutine inherits from the one that starts it.
func (m *managed) goroutines() []string {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return []string{fmt.Sprintf("goroutines cannot be listed: %v", err)}
	}
	var left []string
	for group := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(group, fmt.Sprintf("%q:%q", managerLabel, m.label)) {
			left = append(left, "goroutine: "+stack(group))
		}
	}
	slices.Sort(left)
	return left
}

// stack prints a group of the goroutine profile in one line: the number of goroutines and their functions, the innermost first.
func stack(group string) string {
	lines := strings.Split(group, "\n")
	count, _, _ := strings.Cut(strings.TrimSpace(lines[0]), " ")
	var functions []string
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		if len(fields) >= 3 && strings.HasPrefix(fields[1], "0x") {
			name, _, _ := strings.Cut(fields[2], "+")
			functions = append(functions, name)
		}
	}
	return count + " × " + strings.Join(functions, " < ")
}
