package guard_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"golang.org/x/crypto/bcrypt"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// startSingle starts a cluster of one member, with a configuration of its own, and returns its client address.
func startSingle(t *testing.T, scheme string, change func(*embed.Config)) string {
	t.Helper()
	hosts := etcdtest.FreeHosts(t, 2)
	cfg := embed.NewConfig()
	cfg.Dir, cfg.LogLevel, cfg.UnsafeNoFsync = t.TempDir(), "fatal", true
	cfg.ListenClientUrls = []url.URL{{Scheme: scheme, Host: hosts[0]}}
	cfg.AdvertiseClientUrls = cfg.ListenClientUrls
	cfg.ListenPeerUrls = []url.URL{{Scheme: "http", Host: hosts[1]}}
	cfg.AdvertisePeerUrls = cfg.ListenPeerUrls
	cfg.InitialCluster = cfg.Name + "=http://" + hosts[1]
	change(cfg)
	etcd, err := embed.StartEtcd(cfg)
	require.NoError(t, err)
	t.Cleanup(etcd.Close)
	<-etcd.Server.ReadyNotify()
	return scheme + "://" + hosts[0]
}

// put writes through a client of its own.
func putThrough(t *testing.T, cfg clientv3.Config, key, value string) {
	t.Helper()
	client, err := clientv3.New(cfg)
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), etcdtest.Patience)
	defer cancel()
	_, err = client.Put(ctx, key, value)
	require.NoError(t, err)
}

func TestUserAndPasswordAreEnoughAndOutliveTheirToken(t *testing.T) {
	t.Parallel() // it mostly waits
	const ttl = 1
	endpoint := startSingle(t, "http", func(cfg *embed.Config) {
		cfg.AuthTokenTTL = ttl
		cfg.BcryptCost = uint(bcrypt.MinCost) // each probe needs a token, and the default cost takes seconds with the race detector
	})
	admin, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}})
	require.NoError(t, err)
	defer admin.Close()
	for _, user := range []string{"root", "watcher"} {
		_, err = admin.UserAdd(t.Context(), user, "secret-"+user)
		require.NoError(t, err)
	}
	_, err = admin.RoleAdd(t.Context(), "root")
	require.NoError(t, err)
	_, err = admin.UserGrantRole(t.Context(), "root", "root")
	require.NoError(t, err)
	_, err = admin.RoleAdd(t.Context(), "reader")
	require.NoError(t, err)
	_, err = admin.RoleGrantPermission(t.Context(), "reader", "/", "0", clientv3.PermissionType(clientv3.PermReadWrite))
	require.NoError(t, err)
	_, err = admin.UserGrantRole(t.Context(), "watcher", "reader")
	require.NoError(t, err)
	_, err = admin.AuthEnable(t.Context())
	require.NoError(t, err)
	root := clientv3.Config{Endpoints: []string{endpoint}, Username: "root", Password: "secret-root"}
	putThrough(t, root, checkpointKey, encode(1))

	target := guard.Config{Endpoints: []string{endpoint}, Options: neverIdle()}
	nobody := start(t, target)
	etcdtest.Eventually(t, "a refusal", func() bool {
		var op *guard.OpError
		err := nobody.view().Err
		return errors.As(err, &op) && errors.Is(rpctypes.Error(op.Err), rpctypes.ErrUserEmpty)
	})
	require.Empty(t, nobody.view().Checkpoints)
	require.NoError(t, nobody.Close())

	target.Username, target.Password = "watcher", "secret-watcher"
	// The token is used so rarely that it expires between two probes.
	target.Options.ProbeInterval = 3 * ttl * time.Second
	target.Options.ProbeTimeout = 2 * time.Second
	target.Options.SyncInterval = time.Minute
	m := start(t, target)
	awaitCheckpoint(t, m, 1)
	etcdtest.Eventually(t, "probes with expired tokens", func() bool {
		return m.probes(guard.ProbeComplete) >= 4
	})
	require.Zero(t, m.probes(guard.ProbeUnanswered))
	require.NoError(t, m.view().Err)
	putThrough(t, root, checkpointKey, encode(2))
	awaitCheckpoint(t, m, 2)
}

func TestTLSWithACertificateOnBothSides(t *testing.T) {
	t.Parallel() // it mostly waits
	ca := newCA(t)
	server := ca.issue(t, "server")
	endpoint := startSingle(t, "https", func(cfg *embed.Config) {
		cfg.ClientTLSInfo = transport.TLSInfo{
			CertFile: server + ".crt", KeyFile: server + ".key", TrustedCAFile: ca.file, ClientCertAuth: true,
		}
	})
	pair, err := tls.LoadX509KeyPair(ca.issue(t, "client")+".crt", filepath.Join(ca.dir, "client.key"))
	require.NoError(t, err)
	mutual := &tls.Config{RootCAs: ca.pool, Certificates: []tls.Certificate{pair}}
	putThrough(t, clientv3.Config{Endpoints: []string{endpoint}, TLS: mutual}, checkpointKey, encode(1))

	stranger := start(t, guard.Config{
		Endpoints: []string{endpoint}, TLS: &tls.Config{RootCAs: x509.NewCertPool()}, Options: brisk(),
	})
	etcdtest.Eventually(t, "a refusal", func() bool { return stranger.view().Err != guard.ErrPending })
	require.ErrorContains(t, stranger.view().Err, "certificate signed by unknown authority")

	m := start(t, guard.Config{Endpoints: []string{endpoint}, TLS: mutual, Options: brisk()})
	awaitCheckpoint(t, m, 1)
	putThrough(t, clientv3.Config{Endpoints: []string{endpoint}, TLS: mutual}, checkpointKey, encode(2))
	awaitCheckpoint(t, m, 2)
}

// authority issues certificates for loopback.
type certAuthority struct {
	dir, file string
	pool      *x509.CertPool
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
}

func newCA(t *testing.T) *certAuthority {
	t.Helper()
	ca := &certAuthority{dir: t.TempDir(), pool: x509.NewCertPool()}
	ca.file = filepath.Join(ca.dir, "ca.crt")
	template := certificate("ca")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	ca.key = newKey(t)
	ca.cert = ca.sign(t, template, template, ca.key, ca.file)
	ca.pool.AddCert(ca.cert)
	return ca
}

// issue writes a certificate and its key. It returns the path of both files without the extension.
func (ca *certAuthority) issue(t *testing.T, name string) string {
	t.Helper()
	path, key := filepath.Join(ca.dir, name), newKey(t)
	template := certificate(name)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	ca.sign(t, template, ca.cert, key, path+".crt")
	der, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	block := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	require.NoError(t, os.WriteFile(path+".key", block, 0o600))
	return path
}

func (ca *certAuthority) sign(t *testing.T, template, parent *x509.Certificate, key *ecdsa.PrivateKey, file string) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), ca.key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func certificate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}
