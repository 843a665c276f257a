package tidb

import (
	"encoding/json"
	"net"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/fakes/internal/instance"
	"github.com/stormwatch/stormwatch/harness"
)

// serverInfo is what a TiDB server says of itself.
type serverInfo struct {
	Version        string            `json:"version"`
	GitHash        string            `json:"git_hash"`
	IP             string            `json:"ip"`
	StatusPort     uint              `json:"status_port"`
	DeployPath     string            `json:"deploy_path"`
	StartTimestamp int64             `json:"start_timestamp"`
	Labels         map[string]string `json:"labels"`
}

// serverKeys are where a TiDB server announces itself: its info and its time to live. It counts only with both.
func serverKeys(address string) (info, ttl string) {
	return TopologyPrefix + address + "/info", TopologyPrefix + address + "/ttl"
}

// server is a TiDB server with an address of the form host:port. It stays for so many load intervals at a time, or for good.
func server(address string, period int) harness.Program {
	info, ttl := serverKeys(address)
	host, _, _ := net.SplitHostPort(address)
	lives := func(lease clientv3.LeaseID) clientv3.Op {
		return clientv3.OpPut(ttl, nanoseconds(), clientv3.WithLease(lease))
	}
	one := instance.Instance{
		Subject: harness.Subject{Kind: Backend, Name: address},
		Announce: func(stamp int64, lease clientv3.LeaseID) (string, []clientv3.Op) {
			said, _ := json.Marshal(serverInfo{ // of these types it cannot fail
				Version: "8.5.0", GitHash: "none", IP: host, StatusPort: 10080, DeployPath: "/tidb", StartTimestamp: stamp,
			})
			ops := []clientv3.Op{clientv3.OpPut(info, string(said), clientv3.WithLease(lease)), lives(lease)}
			return strconv.FormatInt(stamp, 10), ops
		},
		Withdraw: []clientv3.Op{clientv3.OpDelete(info), clientv3.OpDelete(ttl)},
		Refresh:  func(lease clientv3.LeaseID) []clientv3.Op { return []clientv3.Op{lives(lease)} },
		Period:   period,
	}
	return harness.Program{Name: "tidb " + address, Run: one.Run}
}

// nanoseconds is what a time-to-live key holds.
func nanoseconds() string { return strconv.FormatInt(time.Now().UnixNano(), 10) }
