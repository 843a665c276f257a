package fault_test

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// certificateEffects are those of faults that need a cluster with certificates.
func certificateEffects() []effect {
	return []effect{
		{"a rotation turns away new connections until the next Apply, and leaves open ones", func(b *bench) {
			m := b.alpha.Leader()
			watch := b.observed(m)
			b.hurt(fault.RotateCertificates(b.alpha), "RotateCertificates(alpha)")
			require.True(b.t, b.alpha.Outdated())
			_, err := b.put(watch.client)
			require.NoError(b.t, err)
			watch.event()
			require.ErrorContains(b.t, b.connect(m), "certificate signed by unknown authority")
			before := b.target.TLS
			b.Manage(b.alpha)
			require.NotSame(b.t, before, b.target.TLS)
			require.False(b.t, b.alpha.Outdated())
			_, err = b.put(b.client(m))
			require.NoError(b.t, err)
			watch.event()
		}},
		{"expired certificates turn away new connections until they are renewed, and leave open ones", func(b *bench) {
			m := b.alpha.Leader()
			watch := b.observed(m)
			expire := b.hurt(fault.ExpireCertificates(b.alpha), "ExpireCertificates(alpha)")
			_, err := b.put(watch.client)
			require.NoError(b.t, err)
			watch.event()
			require.ErrorContains(b.t, b.connect(m), "certificate has expired")
			b.Inject(fault.Restart(m)) // the certificate is not the process's
			require.ErrorContains(b.t, b.connect(m), "certificate has expired")
			before := b.target.TLS
			expire.Heal()
			_, err = b.put(b.client(m))
			require.NoError(b.t, err)
			b.Manage(b.alpha)
			require.Same(b.t, before, b.target.TLS, "nobody needs another configuration")
		}},
		{"members refuse clients without a certificate, and their Direct client goes past it", func(b *bench) {
			m := b.alpha.Leader()
			b.target.TLS = &tls.Config{RootCAs: b.target.TLS.RootCAs}
			_, err := b.put(b.client(m))
			require.Error(b.t, err)
			b.Inject(fault.ExpireCertificates(b.alpha))
			require.NoError(b.t, b.direct(m))
		}},
	}
}

// authEffects are those of faults that need a cluster with users.
func authEffects() []effect {
	return []effect{
		{"expired tokens are refused, passwords are not, and open watches go on", func(b *bench) {
			m := b.alpha.Leader()
			watch := b.observed(m)
			token := b.tokenClient(m)
			_, err := b.put(token)
			require.NoError(b.t, err)
			watch.event()
			b.hurt(fault.ExpireTokens(b.alpha), "ExpireTokens(alpha)")
			_, err = b.put(token)
			require.ErrorIs(b.t, err, rpctypes.ErrInvalidAuthToken)
			_, err = b.put(watch.client) // clientv3 fetches another token
			require.NoError(b.t, err)
			watch.event()
			require.NoError(b.t, b.direct(m))
		}},
		{"a further watch on a stream with an expired token is refused", func(b *bench) {
			watch := b.observed(b.alpha.Leader())
			b.hurt(fault.ExpireTokens(b.alpha), "ExpireTokens(alpha)")
			ctx, cancel := context.WithTimeout(watch.ctx, b.limit())
			defer cancel()
			for range 2 {
				again := <-watch.client.Watch(ctx, "/test", clientv3.WithCreatedNotify())
				// The text is all that clientv3 makes of it: the error is none of package rpctypes.
				require.ErrorContains(b.t, again.Err(), rpctypes.ErrInvalidAuthToken.Error())
				require.NotErrorIs(b.t, again.Err(), rpctypes.ErrInvalidAuthToken)
				_, err := b.put(watch.client) // so the client has a valid token, which does not help
				require.NoError(b.t, err)
			}
			own := clientv3.NewWatcher(watch.client) // has a stream of its own
			defer own.Close()
			fresh := <-own.Watch(ctx, "/test", clientv3.WithCreatedNotify())
			require.NoError(b.t, fresh.Err())
			require.True(b.t, fresh.Created)
		}},
		{"authentication that is off needs no password, and must be noticed when it is on again", func(b *bench) {
			m := b.alpha.Leader()
			anonymous := b.target
			anonymous.Username, anonymous.Password = "", ""
			nobody := b.clientFor(anonymous, m)
			_, err := b.put(nobody)
			require.ErrorIs(b.t, err, rpctypes.ErrUserEmpty)
			off := b.hurt(fault.DisableAuth(b.alpha), "DisableAuth(alpha)")
			_, err = b.put(nobody)
			require.NoError(b.t, err)
			watch := b.observed(m)
			off.Heal()
			_, err = b.put(nobody)
			require.ErrorIs(b.t, err, rpctypes.ErrUserEmpty)
			_, err = b.put(watch.client) // which has never had a token
			require.NoError(b.t, err)
			watch.event()
			require.NoError(b.t, b.direct(m))
		}},
		{"authentication that is healed without a quorum is on again with the quorum", func(b *bench) {
			off := b.Inject(fault.DisableAuth(b.alpha))
			quorum := b.Inject(fault.LoseQuorum(b.alpha))
			off.Heal()
			quorum.Heal()
			anonymous := b.target
			anonymous.Username, anonymous.Password = "", ""
			nobody := b.clientFor(anonymous, b.alpha.Leader())
			b.await(func() bool { _, err := b.put(nobody); return err == rpctypes.ErrUserEmpty }, "authentication stays off")
		}},
		{"the harness is root: it adds, removes and asks members, and refreshes leases", func(b *bench) {
			b.Pass(5 * time.Second) // etcd accepts a new member only after all have been connected for that long
			add := b.Inject(fault.AddMember(b.alpha))
			for _, m := range b.alpha.Members() {
				require.NoError(b.t, b.direct(m))
			}
			add.Heal()
			b.Inject(fault.Compact(b.alpha))
			b.Inject(fault.MoveLeader(b.alpha.Followers()[0]))
			b.Inject(fault.Alarm(b.alpha)).Heal()
			b.Inject(fault.LoseLease(b.alpha))
		}},
	}
}

// connect makes a new connection to a member and a request on it. It fails at once if the member cannot be reached.
func (b *bench) connect(m *harness.Member) error {
	ctx, cancel := context.WithTimeout(context.Background(), b.limit())
	defer cancel()
	_, err := pb.NewKVClient(b.client(m).ActiveConnection()).Range(ctx, &pb.RangeRequest{Key: []byte("/test")})
	return err
}

// direct uses a member's Direct client in each way that needs a permission.
func (b *bench) direct(m *harness.Member) error {
	d, err := m.Direct()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), b.Bounds().Failover())
	defer cancel()
	granted, err := d.Grant(ctx, 60)
	if err != nil {
		return err
	}
	watched := d.Watch(ctx, "/direct")
	if _, err := d.Put(ctx, "/direct", "v", clientv3.WithLease(granted.ID)); err != nil {
		return err
	}
	if r := <-watched; r.Err() != nil {
		return r.Err()
	}
	if _, err := d.KeepAliveOnce(ctx, granted.ID); err != nil {
		return err
	}
	if _, err := d.Client.Leases(ctx); err != nil {
		return err
	}
	if _, err := d.MemberList(ctx); err != nil {
		return err
	}
	_, err = d.Revoke(ctx, granted.ID)
	return err
}

// tokenClient is a client of a member with a token that it was given once.
func (b *bench) tokenClient(m *harness.Member) *clientv3.Client {
	b.t.Helper()
	c := b.client(m)
	login, err := c.Authenticate(context.Background(), b.target.Username, b.target.Password)
	require.NoError(b.t, err)
	config := b.target.Config()
	config.Endpoints, config.Username, config.Password, config.Token = []string{m.Endpoint()}, "", "", login.Token
	token, err := clientv3.New(config)
	require.NoError(b.t, err)
	b.closing = append(b.closing, func() { _ = token.Close() })
	return token
}

// clientFor is a client of one member of a target.
func (b *bench) clientFor(t harness.Target, m *harness.Member) *clientv3.Client {
	b.t.Helper()
	config := t.Config()
	config.Endpoints = []string{m.Endpoint()}
	c, err := clientv3.New(config)
	require.NoError(b.t, err)
	b.closing = append(b.closing, func() { _ = c.Close() })
	return c
}
