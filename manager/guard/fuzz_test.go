package guard

import (
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.uber.org/zap"
)

// FuzzMemberList merges any member list: configured endpoints stay first and without duplicates, and a client of every endpoint can be
// requested, which may fail but not panic.
func FuzzMemberList(f *testing.F) {
	f.Add("http://b:1\nhttp://a:1/", "m2", uint64(1), false)
	f.Add("b:1\n\nunix:///tmp/s\n://", "m2", uint64(0), true)
	f.Add("http://[::1\nhttps://%zz:1\na:1", "", uint64(1), false)
	f.Fuzz(func(t *testing.T, urls, name string, id uint64, learner bool) {
		o, err := Options{}.Complete()
		if err != nil {
			t.Fatal(err)
		}
		p := newPool(Config{Endpoints: []string{"a:1"}, Options: o, Logger: zap.NewNop()})
		defer p.close()
		for range 2 {
			p.merge([]*pb.Member{{ID: id, Name: name, ClientURLs: strings.Split(urls, "\n"), IsLearner: learner}, {ID: id + 1}})
			if first := p.members[0]; first.endpoint != "a:1" || !first.configured {
				t.Fatalf("the configured endpoint is no longer the first, %q is", first.endpoint)
			}
			seen := map[string]bool{}
			for _, m := range p.members {
				if at := authority(m.endpoint); seen[at] {
					t.Fatalf("%q is there twice", at)
				}
				seen[authority(m.endpoint)] = true
				if client, err := p.client(t.Context(), m); (client == nil) == (err == nil) {
					t.Fatalf("%q gives client %v and error %v", m.endpoint, client, err)
				}
			}
		}
		if p.merge(nil); len(p.members) != 1 {
			t.Fatalf("%d endpoints are left of an empty list, want the configured one", len(p.members))
		}
	})
}
