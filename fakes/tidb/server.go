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

// server is the program of a TiDB server with an address of the form host:port, which stays. As in TiDB, only its time to live has a lease: when the lease
// is lost, the server's info stays behind.
func server(address string) harness.Program {
	one := announcing(address)
	_, ttl := serverKeys(address)
	one.Refresh = func(lease clientv3.LeaseID) []clientv3.Op {
		return []clientv3.Op{clientv3.OpPut(ttl, nanoseconds(), clientv3.WithLease(lease))}
	}
	return harness.Program{Name: "tidb " + address, Run: one.Run}
}

// crashing is the program of a TiDB server that stays for period load intervals and then stays away for as long, again and again. It does not take its
// info with it. Nor does it refresh its time to live, since a refresh that is carried out late would make it a server again.
func crashing(address string, period int) harness.Program {
	one := announcing(address)
	_, ttl := serverKeys(address)
	one.Withdraw, one.Period = []clientv3.Op{clientv3.OpDelete(ttl)}, period
	return harness.Program{Name: "tidb " + address, Run: one.Run}
}

// announcing is a TiDB server that announces itself.
func announcing(address string) *instance.Instance {
	info, ttl := serverKeys(address)
	return &instance.Instance{
		Subject: harness.Subject{Kind: Backend, Name: address},
		Announce: func(stamp int64, lease clientv3.LeaseID) (string, []clientv3.Op) {
			ops := []clientv3.Op{
				clientv3.OpPut(info, content(address, stamp)), clientv3.OpPut(ttl, nanoseconds(), clientv3.WithLease(lease)),
			}
			return strconv.FormatInt(stamp, 10), ops
		},
	}
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
