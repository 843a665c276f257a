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

// serverInfo is what a TiDB server writes about itself, as JSON.
type serverInfo struct {
	Version        string            `json:"version"`
	GitHash        string            `json:"git_hash"`
	IP             string            `json:"ip"`
	StatusPort     uint              `json:"status_port"`
	DeployPath     string            `json:"deploy_path"`
	StartTimestamp int64             `json:"start_timestamp"`
	Labels         map[string]string `json:"labels"`
}

// serverKeys are the two keys with which a TiDB server announces itself, its info and its time to live. A server is a backend only with
// both.
func serverKeys(address string) (info, ttl string) {
	return TopologyPrefix + address + "/info", TopologyPrefix + address + "/ttl"
}

// server is the program of a TiDB server with an address of the form host:port. It stays for period load intervals and then stays away for as
// long, again and again; if period is zero, it stays.
func server(address string, period int) harness.Program {
	info, ttl := serverKeys(address)
	host, _, _ := net.SplitHostPort(address)
	refresh := func(lease clientv3.LeaseID) clientv3.Op {
		return clientv3.OpPut(ttl, nanoseconds(), clientv3.WithLease(lease))
	}
	one := instance.Instance{
		Subject: harness.Subject{Kind: Backend, Name: address},
		Announce: func(stamp int64, lease clientv3.LeaseID) (string, []clientv3.Op) {
			content, _ := json.Marshal(serverInfo{ // cannot fail for these types
				Version: "8.5.0", GitHash: "none", IP: host, StatusPort: 10080, DeployPath: "/tidb", StartTimestamp: stamp,
			})
			ops := []clientv3.Op{clientv3.OpPut(info, string(content), clientv3.WithLease(lease)), refresh(lease)}
			return strconv.FormatInt(stamp, 10), ops
		},
		Withdraw: []clientv3.Op{clientv3.OpDelete(info), clientv3.OpDelete(ttl)},
		Refresh:  func(lease clientv3.LeaseID) []clientv3.Op { return []clientv3.Op{refresh(lease)} },
		Period:   period,
	}
	return harness.Program{Name: "tidb " + address, Run: one.Run}
}

// nanoseconds is the value of a time-to-live key: the current time in nanoseconds since 1970.
func nanoseconds() string { return strconv.FormatInt(time.Now().UnixNano(), 10) }
