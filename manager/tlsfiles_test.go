package manager_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// authority is a certificate authority for one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// issue makes a certificate for loopback, for servers and clients.
func (a *authority) issue(t *testing.T, name string) (certificate, key []byte) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"pd.test"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &own.PublicKey, a.key)
	require.NoError(t, err)
	encoded, err := x509.MarshalECPrivateKey(own)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded})
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func tlsFilesIn(dir string) manager.TLSFiles {
	return manager.TLSFiles{CA: filepath.Join(dir, "ca"), Cert: filepath.Join(dir, "cert"), Key: filepath.Join(dir, "key")}
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, data, 0o600))
}

func TestACertificateThatRotatesIsUsedByTheNextConnection(t *testing.T) {
	one, two := newAuthority(t, "one"), newAuthority(t, "two")
	files := tlsFilesIn(t.TempDir())
	own := tlsFilesIn(t.TempDir())
	serve := func(a *authority) {
		certificate, key := a.issue(t, "etcd")
		write(t, own.CA, one.pem)
		write(t, own.Cert, certificate)
		write(t, own.Key, key)
	}
	serve(one)
	hosts := etcdtest.FreeHosts(t, 2)
	cfg := embed.NewConfig()
	cfg.Name, cfg.Dir, cfg.LogLevel, cfg.UnsafeNoFsync = "alpha", t.TempDir(), "fatal", true
	cfg.ListenPeerUrls = urls(t, "http://"+hosts[0])
	cfg.AdvertisePeerUrls = cfg.ListenPeerUrls
	cfg.ListenClientUrls = urls(t, "https://"+hosts[1])
	cfg.AdvertiseClientUrls = cfg.ListenClientUrls
	cfg.InitialCluster = "alpha=http://" + hosts[0]
	cfg.ClientTLSInfo.CertFile, cfg.ClientTLSInfo.KeyFile, cfg.ClientTLSInfo.TrustedCAFile = own.Cert, own.Key, own.CA
	cfg.ClientTLSInfo.ClientCertAuth = true
	etcd, err := embed.StartEtcd(cfg)
	require.NoError(t, err)
	t.Cleanup(etcd.Close)
	<-etcd.Server.ReadyNotify()

	network := etcdtest.NewNetwork()
	m := startManager(t, brisk(), manager.Target{
		Cluster: "alpha", Endpoints: []string{hosts[1]}, TLSFiles: files,
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(network.Dial)},
	})
	etcdtest.Eventually(t, "a failure", func() bool { return view(t, m, "alpha").Err != manager.ErrPending })
	require.ErrorContains(t, view(t, m, "alpha").Err, files.CA, "the error must name the file that is missing")

	certificate, key := one.issue(t, "manager")
	write(t, files.CA, one.pem)
	write(t, files.Cert, certificate)
	write(t, files.Key, key)
	awaitHealthy(t, m, "alpha")

	serve(two)
	network.Cut()
	network.Restore()
	etcdtest.Eventually(t, "distrust", func() bool { return !view(t, m, "alpha").Healthy })
	write(t, files.CA, two.pem)
	awaitHealthy(t, m, "alpha")
	c, err := m.Cluster("alpha")
	require.NoError(t, err)
	_, err = c.View()
	require.NoError(t, err, "it must be the same runtime")
}

func TestTheSharedHTTPClientUsesTheFilesOfTheMoment(t *testing.T) {
	one, two := newAuthority(t, "one"), newAuthority(t, "two")
	var current atomic.Pointer[tls.Config]
	serve := func(a *authority) {
		certificate, key := a.issue(t, "web")
		pair, err := tls.X509KeyPair(certificate, key)
		require.NoError(t, err)
		current.Store(&tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.pool()})
	}
	serve(one)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return current.Load(), nil }}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)

	files := tlsFilesIn(t.TempDir())
	install := func(a *authority, name string) {
		certificate, key := a.issue(t, name)
		write(t, files.CA, a.pem)
		write(t, files.Cert, certificate)
		write(t, files.Key, key)
	}
	c := handle(t, manager.Target{Cluster: "alpha", TLSFiles: files})
	ask := func() (string, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		// Each request needs a new connection.
		request.Close = true
		response, err := c.HTTPClient().Do(request)
		if err != nil {
			return "", err
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		return string(body), err
	}
	_, err := ask()
	var missing *manager.TLSFilesError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, files.CA, missing.File)
	require.Equal(t, "alpha", missing.Cluster)
	require.ErrorIs(t, err, os.ErrNotExist)

	install(one, "first")
	got, err := ask()
	require.NoError(t, err)
	require.Equal(t, "first", got)

	install(one, "second")
	got, err = ask()
	require.NoError(t, err)
	require.Equal(t, "second", got)

	write(t, files.Cert, []byte("halfway wri"))
	got, err = ask()
	require.NoError(t, err, "the last usable content must serve")
	require.Equal(t, "second", got)

	serve(two)
	_, err = ask()
	require.Error(t, err)
	install(two, "third")
	got, err = ask()
	require.NoError(t, err)
	require.Equal(t, "third", got)
}

func TestUnusableTLSFilesAreNamed(t *testing.T) {
	files := tlsFilesIn(t.TempDir())
	one := newAuthority(t, "one")
	c := handle(t, manager.Target{Cluster: "alpha", TLSFiles: files})
	for _, step := range []struct{ file, content, bad string }{
		{files.CA, "no certificate", files.Cert},
		{files.Cert, "no certificate", files.Key},
		{files.Key, "no key", files.CA},
		{files.CA, string(one.pem), files.Cert},
	} {
		write(t, step.file, []byte(step.content))
		_, err := c.HTTPClient().Get("https://" + echoAddress(t))
		var unusable *manager.TLSFilesError
		require.ErrorAs(t, err, &unusable)
		require.Equal(t, step.bad, unusable.File)
		require.Contains(t, err.Error(), step.bad)
	}
	half := manager.Target{Cluster: "alpha", Endpoints: []string{"a:1"}, TLSFiles: manager.TLSFiles{Cert: "c"}}
	require.ErrorIs(t, half.Validate(), manager.ErrInvalidTarget)
}

func echoAddress(t *testing.T) string { return "127.0.0.1:" + echo(t) }
