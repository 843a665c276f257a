package tiproxy_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
	"github.com/stormwatch/stormwatch/manager/tiproxy"
)

func TestAnInstanceRegistersItselfAsTiProxyDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		cfg := manager.Config{Prefixes: []string{"/topology/tidb/"}}
		var err error
		cfg.Registration, err = tiproxy.Instance{Address: "10.0.0.1:6000", Version: "v1", StatusPort: "3080", StartTimestamp: 5}.Registration()
		require.NoError(t, err)
		m, err := manager.New(cfg)
		require.NoError(t, err)
		target := manager.Target{Cluster: "alpha", Endpoints: alpha.Endpoints(), DialOptions: alpha.DialOptions()}
		require.NoError(t, m.Apply(t.Context(), []manager.Target{target}))
		time.Sleep(time.Minute)
		written, ok := alpha.Key("/topology/tiproxy/10.0.0.1:6000/info")
		require.True(t, ok)
		var info map[string]any
		require.NoError(t, json.Unmarshal([]byte(written), &info))
		require.Equal(t, map[string]any{
			"version": "v1", "git_hash": "", "ip": "10.0.0.1", "port": "6000",
			"status_port": "3080", "deploy_path": "", "start_timestamp": 5.0,
		}, info)
		_, ok = alpha.Key("/topology/tiproxy/10.0.0.1:6000/ttl")
		require.True(t, ok)
		require.NoError(t, m.Close())
		require.Zero(t, alpha.Leases())
	})
}

func TestAnInstanceHasAnAddressOrRegistersNothing(t *testing.T) {
	r, err := tiproxy.Instance{}.Registration()
	require.NoError(t, err)
	require.Empty(t, r)
	_, err = tiproxy.Instance{Address: "here"}.Registration()
	require.ErrorContains(t, err, `registration address "here" is not host:port`)
	synctest.Test(t, func(t *testing.T) {
		r, err := tiproxy.Instance{Address: "h:1"}.Registration()
		require.NoError(t, err)
		var info struct {
			Started int64 `json:"start_timestamp"`
		}
		require.NoError(t, json.Unmarshal([]byte(r.Keys[0].Value), &info))
		require.Equal(t, time.Now().Unix(), info.Started)
	})
}
