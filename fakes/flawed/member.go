package flawed

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/connectivity"
)

// member is a client, and how its member has behaved. If one client has all endpoints, there is one.
type member struct {
	config clientv3.Config
	token  *token // nil unless all members of the cluster use one token
	making lock
	client atomic.Pointer[clientv3.Client] // nil if it must log in and has not
	// failed is the number of the last failure, zero if there was none; until is the end of the quarantine.
	failed int
	until  time.Time
}

// newMember makes a member and its client, except one that must log in: for that one, clientv3.New blocks until the member answers.
func newMember(config clientv3.Config, t traits, shared *token) (*member, error) {
	m := &member{config: config, making: newLock()}
	if config.Username != "" {
		m.config.DialTimeout = t.request
		if t.keepsToken {
			m.token = shared
		}
		return m, nil
	}
	client, err := clientv3.New(config)
	m.client.Store(client)
	return m, err
}

// etcd is the member's client. It blocks until the client has logged in, at most for the timeout of a request or until ctx ends.
func (m *member) etcd(ctx context.Context) (client *clientv3.Client, err error) {
	if client = m.client.Load(); client != nil {
		return client, nil
	}
	m.making.hold(ctx, func() {
		if client = m.client.Load(); client == nil {
			if client, err = m.logIn(ctx); err == nil {
				m.client.Store(client)
			}
		}
	})
	if client == nil && err == nil {
		err = ctx.Err()
	}
	return client, err
}

// logIn makes the client.
func (m *member) logIn(ctx context.Context) (*clientv3.Client, error) {
	config := m.config
	lifetime, cancel := context.WithCancel(config.Context)
	stop := context.AfterFunc(ctx, cancel) // clientv3.New knows no context but that of the client's whole life
	defer stop()
	config.Context = lifetime
	if m.token != nil {
		if err := m.token.use(ctx, &config); err != nil {
			cancel()
			return nil, err
		}
	}
	client, err := clientv3.New(config)
	if err == nil && !stop() {
		err = errors.Join(ctx.Err(), client.Close())
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return client, nil
}

// ready says whether the client has an open connection.
func (m *member) ready() bool {
	client := m.client.Load()
	return client != nil && client.ActiveConnection().GetState() == connectivity.Ready
}

// close closes the client.
func (m *member) close() error {
	client := m.client.Load()
	if client == nil {
		return nil
	}
	// Close cancels the client's context, and may return that as an error.
	if err := client.Close(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// token is a token that is fetched once.
type token struct {
	fetching lock
	fetched  bool
	text     string // empty if authentication was off
}

// use puts the token in the place of the password. It fetches the token if that has not been done.
func (t *token) use(ctx context.Context, config *clientv3.Config) (err error) {
	t.fetching.hold(ctx, func() {
		if !t.fetched {
			t.text, err = logIn(ctx, *config)
			t.fetched = err == nil
		}
	})
	config.Username, config.Password, config.Token = "", "", t.text
	return errors.Join(err, ctx.Err())
}

// logIn fetches a token with a client of its own.
func logIn(ctx context.Context, config clientv3.Config) (string, error) {
	client, err := clientv3.New(config)
	if err != nil {
		return "", err
	}
	defer client.Close()
	login, err := client.Authenticate(ctx, config.Username, config.Password)
	if errors.Is(err, rpctypes.ErrAuthNotEnabled) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return login.Token, nil
}
