package guard

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/credentials"
)

func TestEndpointsAreTrimmedUnrepeatedAndPossible(t *testing.T) {
	got, err := Endpoints([]string{" a:1 ", "http://a:1/", "https://b:2", "unix:///tmp/s", "name"})
	require.NoError(t, err)
	require.Equal(t, []string{"a:1", "https://b:2", "unix:///tmp/s", "name"}, got)
	for raw, reason := range map[string]string{
		"":               "it is empty",
		"a b:1":          "it contains a blank",
		"ftp://a":        "its scheme is none of http, https, unix, unixs",
		"http://":        "it is not a URL with a host",
		"http://[::1":    "it is not a URL with a host",
		"http://a:1\x00": "it contains a blank",
	} {
		_, err := Endpoints([]string{"a:1", raw})
		var wrong *EndpointError
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, EndpointError{Endpoint: raw, Reason: reason}, *wrong)
		require.ErrorContains(t, err, reason)
	}
	_, err = Open(Config{})
	require.EqualError(t, err, "invalid config: endpoints: there is no endpoint")
	_, err = Open(Config{Endpoints: []string{"a:1"}, Options: Options{ProbeGrace: -1}})
	require.ErrorContains(t, err, "probe grace is negative")
}

func TestAnEndpointSpeaksTLSIfItsSchemeOrTheConfigSaysSo(t *testing.T) {
	own := credentials.NewTLS(&tls.Config{ServerName: "own"})
	plain, secure := Config{}, Config{TLS: &tls.Config{}}
	rotating := Config{TLS: &tls.Config{}, Credentials: own}
	for _, c := range []struct {
		endpoint string
		cfg      Config
		want     string
	}{
		{"a:1", plain, "insecure"},
		{"a:1", secure, "tls"},
		{"http://a:1", secure, "insecure"},
		{"https://a:1", plain, "tls"},
		{"unix:///s", plain, "insecure"},
		{"unix:///s", secure, "tls"},
		{"unixs:///s", plain, "tls"},
		{"http://a:1", rotating, "insecure"},
		{"a:1", rotating, "tls"},
	} {
		require.Equal(t, c.want, c.cfg.credentials(c.endpoint).Info().SecurityProtocol, "%s %+v", c.endpoint, c.cfg)
	}
	require.Same(t, own, rotating.credentials("a:1"))
	tracked := (&trackingCredentials{TransportCredentials: own, connections: &connections{}}).Clone()
	require.Equal(t, "tls", tracked.Info().SecurityProtocol)
}

func TestErrorsSayWhatTheyKnowOfThePlace(t *testing.T) {
	require.Equal(t, `watch is silent, idle timeout 10s (endpoint "a:1", key "/k", after 10s)`,
		(&IdleTimeoutError{Where: Where{Endpoint: "a:1", Key: "/k", Elapsed: 1e10}, Idle: 1e10}).Error())
	require.Equal(t, `watch is stale at revision 3, "b:1" showed 5 (cluster "alpha", endpoint "a:1", key "/k", after 1s)`,
		(&StaleError{Where: Where{Cluster: "alpha", Endpoint: "a:1", Key: "/k", Elapsed: 1e9}, Witness: "b:1", Seen: 3, Shown: 5}).Error())
	require.Equal(t, `revision 3 is compacted, history starts after 5 (after 0s)`, (&CompactedError{Wanted: 3, Compacted: 5}).Error())
	require.ErrorIs(t, cancelReason("etcdserver: no leader"), rpctypes.ErrNoLeader)
	require.EqualError(t, cancelReason(""), "no reason given")
}
