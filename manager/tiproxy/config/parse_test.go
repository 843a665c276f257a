package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/tiproxy/config"
)

func TestTheShapesOfTiProxysFile(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []manager.Target
	}{
		{"nothing", "", nil},
		{"no clusters", "[proxy]\naddr = \"0.0.0.0:6000\"\npd-addrs = \"\"\n[api]\naddr = \"x\"\n", nil},
		{
			"older form", "[proxy]\npd-addrs = \" a:2379 , b:2379\"\n",
			[]manager.Target{{Cluster: "default", Endpoints: []string{"a:2379", "b:2379"}}},
		},
		{
			"clusters win over the older form", `
[proxy]
pd-addrs = "old:2379"
[[proxy.backend-clusters]]
name = " alpha "
pd-addrs = "http://a:2379, [::1]:2379"
ns-servers = ["10.0.0.10", "dns.test:5353"]
[[proxy.backend-clusters]]
name = "beta"
pd-addrs = "https://b:2379/"
`,
			[]manager.Target{
				{
					Cluster: "alpha", Endpoints: []string{"http://a:2379", "[::1]:2379"},
					NameServers: []string{"10.0.0.10", "dns.test:5353"},
				},
				{Cluster: "beta", Endpoints: []string{"https://b:2379/"}},
			},
		},
		{
			"TLS, shared and own", `
[proxy]
backend-clusters = [
  { name = "alpha", pd-addrs = "a:1" },
  { name = "beta", pd-addrs = "b:1", cluster-tls = { ca = "beta-ca" } },
]
[security.cluster-tls]
ca = "ca"
cert = "cert"
key = "key"
`,
			[]manager.Target{
				{Cluster: "alpha", Endpoints: []string{"a:1"}, TLSFiles: manager.TLSFiles{CA: "ca", Cert: "cert", Key: "key"}},
				{Cluster: "beta", Endpoints: []string{"b:1"}, TLSFiles: manager.TLSFiles{CA: "beta-ca"}},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := config.Parse("", []byte(c.text))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestAWrongFileSaysWhatIsWrongAndWhere(t *testing.T) {
	const good = "[[proxy.backend-clusters]]\nname = \"alpha\"\npd-addrs = \"a:1\"\n"
	for _, c := range []struct {
		name, text string
		want       config.Error
	}{
		{"syntax", good + "name = = 1\n", config.Error{Line: 4}},
		{"type", "[proxy]\n\npd-addrs = 7\n", config.Error{Line: 3}},
		{
			"empty name", good + "[[proxy.backend-clusters]]\npd-addrs = \"b:1\"\nname = \" \"\n",
			config.Error{Line: 6, Key: "name", Reason: "the name is empty"},
		},
		{
			"no name", "\n[[ proxy . backend-clusters ]]\npd-addrs = \"b:1\"\n",
			config.Error{Line: 2, Key: "name", Reason: "the name is empty"},
		},
		{
			"duplicate name", good + good,
			config.Error{Line: 5, Cluster: "alpha", Key: "name", Reason: "the name occurs twice"},
		},
		{
			"no address", "[[proxy.backend-clusters]]\nname = \"alpha\"\n",
			config.Error{Line: 1, Cluster: "alpha", Key: "pd-addrs", Reason: `address "": it is empty`},
		},
		{
			"no port", "[[proxy.backend-clusters]]\nname = \"alpha\"\n# a remark\npd-addrs = \"a:1,b\"\n",
			config.Error{Line: 4, Cluster: "alpha", Key: "pd-addrs", Reason: `address "b": it is not host:port`},
		},
		{
			"bad port", "[proxy]\npd-addrs = \"a:70000\"",
			config.Error{Line: 2, Cluster: "default", Key: "pd-addrs", Reason: `address "a:70000": its port is not between 1 and 65535`},
		},
		{
			"older form, dotted", "proxy.pd-addrs = \"ftp://a:1\"",
			config.Error{Line: 1, Cluster: "default", Key: "pd-addrs", Reason: `address "ftp://a:1": its scheme is neither http nor https`},
		},
		{
			"bad host", "[proxy]\npd-addrs = \"a b:1\"",
			config.Error{Line: 2, Cluster: "default", Key: "pd-addrs", Reason: `address "a b:1": its host is no name of a host`},
		},
		{
			"name server", good + "ns-servers = [\"1.1.1.1\", \"1.1.1.1:0\"]\n",
			config.Error{
				Line: 4, Cluster: "alpha", Key: "ns-servers",
				Reason: `"1.1.1.1:0": invalid target: cluster "alpha", name server "1.1.1.1:0": the name server's port is not between 1 and 65535`,
			},
		},
		{
			"misspelt key", good + "ns-server = [\"1.1.1.1\"]\n",
			config.Error{Key: "proxy.backend-clusters", Reason: `there is no key "ns-server"`},
		},
		{
			"half a pair", good + "cluster-tls = { cert = \"c\" }\n",
			config.Error{
				Line: 1, Cluster: "alpha",
				Reason: `invalid target: cluster "alpha": certificate and key file come together or not at all`,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Parse("tiproxy.toml", []byte(c.text))
			require.ErrorIs(t, err, config.ErrInvalid)
			require.ErrorContains(t, err, "tiproxy.toml")
			var wrong *config.Error
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, "tiproxy.toml", wrong.File)
			require.Equal(t, c.want.Line, wrong.Line)
			if c.want.Reason != "" {
				require.Equal(t, c.want.Cluster, wrong.Cluster)
				require.Equal(t, c.want.Key, wrong.Key)
				require.Equal(t, c.want.Reason, wrong.Reason)
			}
			require.NotEmpty(t, wrong.Reason)
		})
	}
}

func TestEverythingThatIsWrongIsSaidAtOnce(t *testing.T) {
	_, err := config.Parse("", []byte("[[proxy.backend-clusters]]\nname = \"\"\npd-addrs = \"a,b\"\n"))
	var joined interface{ Unwrap() []error }
	require.ErrorAs(t, err, &joined)
	for _, part := range []string{"the name is empty", `address "a"`, `address "b"`} {
		require.ErrorContains(t, err, part)
	}
	var target *manager.TargetError
	_, err = config.Parse("", []byte("[[proxy.backend-clusters]]\nname = \"a\"\npd-addrs = \"a:1\"\nns-servers = [\"\"]\n"))
	require.ErrorAs(t, err, &target, "what the manager said must be found in it")
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "none.toml")
	_, err := config.Load(file)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorIs(t, err, config.ErrInvalid)
	require.ErrorContains(t, err, file)
}

// FuzzParse checks that no text makes Parse panic, and that a manager accepts the targets that Parse accepts.
func FuzzParse(f *testing.F) {
	f.Add("")
	f.Add("[proxy]\npd-addrs = \"a:1, b:2\"")
	f.Add("[[proxy.backend-clusters]]\nname = \"alpha\"\npd-addrs = \"a:1\"\nns-servers = [\"1.1.1.1\"]\ncluster-tls = { ca = \"x\" }")
	f.Add("proxy.backend-clusters = [{name=\"\\u0000\", pd-addrs=\"[::1%eth0]:1\"}]")
	f.Add("[[proxy.backend-clusters]]\n[[proxy.backend-clusters]]\nnope = 1")
	f.Fuzz(func(t *testing.T, text string) {
		targets, err := config.Parse("fuzz", []byte(text))
		if err != nil {
			var wrong *config.Error
			if !errors.As(err, &wrong) || wrong.Reason == "" || targets != nil {
				t.Fatalf("neither targets nor a reason: %v, %v", targets, err)
			}
			return
		}
		names := make(map[string]bool)
		for _, target := range targets {
			if err := target.Validate(); err != nil {
				t.Fatalf("accepted what a manager refuses: %v", err)
			}
			if names[target.Cluster] {
				t.Fatalf("accepted %q twice", target.Cluster)
			}
			names[target.Cluster] = true
		}
	})
}
