package point

import (
	"slices"
	"strings"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

// Methods are etcd's gRPC methods that are no streams, sorted: "Range", "Put", "Txn", "LeaseGrant" and so on. No two services have methods of the
// same name. The caller must not change the list.
func Methods() []string { return methods() }

var methods = sync.OnceValue(func() []string {
	var all []string
	for _, service := range []grpc.ServiceDesc{
		pb.KV_ServiceDesc, pb.Lease_ServiceDesc, pb.Cluster_ServiceDesc, pb.Maintenance_ServiceDesc, pb.Auth_ServiceDesc,
	} {
		for _, m := range service.Methods {
			all = append(all, m.MethodName)
		}
	}
	slices.Sort(all)
	return all
})

// kinds are the kinds of decisions that each fault point supports. Peer points are listed without their peer, unary points without their method,
// and client points without a manager.
var kinds = map[Name][]Kind{
	WALSave:          {Delay, Hang, Fail},
	Apply:            {Delay, Hang},
	ClientAccept:     {Drop, Delay, Hang, Refuse, Reset},
	ClientRead:       {Drop, Delay, Hang, Reset},
	ClientWrite:      {Drop, Delay, Hang, Reset},
	ProgressRequest:  {Drop, Delay, Hang},
	ProgressResponse: {Drop, Delay, Hang},
	WatchEvent:       {Drop, Delay, Hang},
	WatchCreate:      {Drop, Delay, Hang},
	LeaseKeepAlive:   {Drop, Delay, Hang},
	unary:            {Drop, Delay, Hang, Fail},
	peerSend:         {Drop, Delay, Hang, Reset},
	peerRecv:         {Drop, Delay, Hang, Reset},
}

// Kinds are the kinds of decisions that the point supports; none if there is no point of this name.
func (n Name) Kinds() []Kind {
	n, _ = n.Manager()
	base, of, _ := strings.Cut(string(n), "/")
	switch base {
	case peerSend, peerRecv:
		if of == "" {
			return nil
		}
	case unary:
		if !slices.Contains(Methods(), of) {
			return nil
		}
	default:
		if of != "" {
			return nil
		}
	}
	return slices.Clone(kinds[Name(base)])
}

// namesOf are all fault points of a member with these peers, sorted.
func namesOf(peers []string) []Name {
	var all []Name
	for n := range kinds {
		if n != peerSend && n != peerRecv && n != unary {
			all = append(all, n)
		}
		if isClient(n) {
			for manager := range Managers {
				all = append(all, n.Of(manager+1))
			}
		}
	}
	for _, m := range Methods() {
		all = append(all, Unary(m))
	}
	for _, p := range peers {
		all = append(all, PeerSend(p), PeerRecv(p))
	}
	slices.Sort(all)
	return all
}
