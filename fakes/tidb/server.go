package tidb

import (
	"encoding/json"
	"fmt"
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
	refresh := func(lease clientv3.LeaseID) clientv3.Op {
		return clientv3.OpPut(ttl, nanoseconds(), clientv3.WithLease(lease))
	}
	one := instance.Instance{
		Subject: harness.Subject{Kind: Backend, Name: address},
		Announce: func(stamp int64, lease clientv3.LeaseID) (string, []clientv3.Op) {
			ops := []clientv3.Op{clientv3.OpPut(info, content(address, stamp), clientv3.WithLease(lease)), refresh(lease)}
			return strconv.FormatInt(stamp, 10), ops
		},
		Withdraw: []clientv3.Op{clientv3.OpDelete(info), clientv3.OpDelete(ttl)},
		Refresh:  func(lease clientv3.LeaseID) []clientv3.Op { return []clientv3.Op{refresh(lease)} },
		Period:   period,
	}
	return harness.Program{Name: "tidb " + address, Run: one.Run}
}

// content is the content of a server's info key.
func content(address string, stamp int64) string {
	host, _, _ := net.SplitHostPort(address)
	text, _ := json.Marshal(serverInfo{ // cannot fail for these types
		Version: "8.5.0", GitHash: "none", IP: host, StatusPort: 10080, DeployPath: "/tidb", StartTimestamp: stamp,
	})
	return string(text)
}

// operator is the program of an operator that replaces one TiDB server by another and back, each time in one transaction, without leases.
func operator(one, other string) harness.Program {
	addresses := [2]string{one, other}
	swap := instance.Swap{
		Subjects: [2]harness.Subject{{Kind: Backend, Name: one}, {Kind: Backend, Name: other}},
		Announce: func(index int, stamp int64) (string, []clientv3.Op) {
			info, ttl := serverKeys(addresses[index])
			ops := []clientv3.Op{clientv3.OpPut(info, content(addresses[index], stamp)), clientv3.OpPut(ttl, nanoseconds())}
			return strconv.FormatInt(stamp, 10), ops
		},
		Withdraw: func(index int) []clientv3.Op {
			info, ttl := serverKeys(addresses[index])
			return []clientv3.Op{clientv3.OpDelete(info), clientv3.OpDelete(ttl)}
		},
		Period: 2 * comingAndGoing,
	}
	return harness.Program{Name: fmt.Sprintf("operator of %s and %s", one, other), Run: swap.Run}
}

// nanoseconds is the value of a time-to-live key: the current time in nanoseconds since 1970.
func nanoseconds() string { return strconv.FormatInt(time.Now().UnixNano(), 10) }
