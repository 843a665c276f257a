package certs

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/test/bufconn"
)

// server is the configuration of a member, as etcd makes it of the files: it reads the certificate for every connection.
func server(t *testing.T, f Files) *tls.Config {
	t.Helper()
	clients := x509.NewCertPool()
	authority, err := os.ReadFile(f.ClientAuthority)
	require.NoError(t, err)
	require.True(t, clients.AppendCertsFromPEM(authority))
	return &tls.Config{
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
			return &pair, err
		},
	}
}

// connect makes a connection and sends a byte over it.
func connect(t *testing.T, server, client *tls.Config, to string) error {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	defer listener.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_, err = tls.Server(conn, server).Read(make([]byte, 1))
		}
		served <- err
	}()
	near, err := listener.Dial()
	require.NoError(t, err)
	client = client.Clone()
	client.ServerName = to
	_, err = tls.Client(near, client).Write([]byte{1})
	_ = near.Close()
	if refused := <-served; err == nil {
		err = refused
	}
	return err
}

func TestClientsReachMembersUnderTheNamesOfBothEngines(t *testing.T) {
	c, err := New(t.TempDir(), "alpha")
	require.NoError(t, err)
	member := server(t, c.Files())
	require.NoError(t, connect(t, member, c.Client(), "m1.alpha"))
	require.NoError(t, connect(t, member, c.Client(), "127.0.0.1"))
	require.ErrorContains(t, connect(t, member, c.Client(), "m1.beta"), "valid for *.alpha, not m1.beta")
}

func TestMembersRefuseClientsWithoutACertificateOfTheirOwnCluster(t *testing.T) {
	alpha, err := New(t.TempDir(), "alpha")
	require.NoError(t, err)
	beta, err := New(t.TempDir(), "beta")
	require.NoError(t, err)
	stranger := alpha.Client().Clone()
	stranger.Certificates = nil
	require.Error(t, connect(t, server(t, alpha.Files()), stranger, "m1.alpha"))
	stranger.Certificates = beta.Client().Certificates
	require.Error(t, connect(t, server(t, alpha.Files()), stranger, "m1.alpha"))
}

func TestAClientOfTheOldAuthorityConnectsNoMore(t *testing.T) {
	c, err := New(t.TempDir(), "alpha")
	require.NoError(t, err)
	member, before := server(t, c.Files()), c.Client()
	require.Same(t, before, c.Client())
	require.False(t, c.Rotated())
	require.NoError(t, c.Rotate())
	require.True(t, c.Rotated())
	require.NotSame(t, before, c.Client())
	require.ErrorContains(t, connect(t, member, before, "m1.alpha"), "certificate signed by unknown authority")
	require.NoError(t, connect(t, member, c.Client(), "m1.alpha"))
	require.NoError(t, c.Renew())
	require.ErrorContains(t, connect(t, member, before, "m1.alpha"), "certificate signed by unknown authority")
}

func TestAnExpiredCertificateIsRefusedUntilItIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // by the clock of the bubble, which begins in the year 2000
		c, err := New(t.TempDir(), "alpha")
		require.NoError(t, err)
		member, client := server(t, c.Files()), c.Client()
		require.NoError(t, connect(t, member, client, "m1.alpha"))
		require.NoError(t, c.Expire())
		require.ErrorContains(t, connect(t, member, client, "m1.alpha"), "certificate has expired")
		require.NoError(t, c.Renew())
		require.NoError(t, connect(t, member, client, "m1.alpha"))
		require.Same(t, client, c.Client())
		<-time.After(2 * validity)
		require.ErrorContains(t, connect(t, member, client, "m1.alpha"), "certificate has expired")
	})
}

func TestCertificatesFollowFromNameAndTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, err := New(t.TempDir(), "alpha")
		require.NoError(t, err)
		other, err := New(t.TempDir(), "alpha")
		require.NoError(t, err)
		for _, of := range []func(Files) string{
			func(f Files) string { return f.Certificate }, func(f Files) string { return f.Key }, func(f Files) string { return f.ClientAuthority },
		} {
			a, err := os.ReadFile(of(one.Files()))
			require.NoError(t, err)
			b, err := os.ReadFile(of(other.Files()))
			require.NoError(t, err)
			require.Equal(t, a, b)
		}
		require.Equal(t, one.Client().Certificates, other.Client().Certificates)
	})
}
