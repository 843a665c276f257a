package manager

import (
	"encoding/json"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// FuzzTopology puts any value at any key, in both topologies, and takes it away again.
func FuzzTopology(f *testing.F) {
	f.Add(topologyPrefix+"a:1/info", []byte(`{"version":"1","labels":{"zone":"a"}}`))
	f.Add(topologyPrefix+"a:1/ttl", []byte("1700000000000000000"))
	f.Add(keyspacePrefix+"ks"+topologyPrefix+"a:1/info", []byte(`{"status_port":-1}`))
	f.Add(keyspacePrefix+"/topology/tidb/a:1/info", []byte(`{}`))
	f.Add(keyspacePrefix+"ks/owner", []byte(`null`))
	f.Add(topologyPrefix+"/info", []byte(`[]`))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		joined := &directory{}
		for _, part := range []*topology{newTopologyIn(joined), newKeyspacesIn(joined)} {
			for _, field := range []string{"info", "ttl"} {
				// Its other half, so that it counts if it is one.
				if base, ok := strings.CutSuffix(key, "/"+field); ok {
					for _, half := range []string{"/info", "/ttl"} {
						_ = part.put(&mvccpb.KeyValue{Key: []byte(base + half), Value: []byte("{}")})
					}
				}
			}
			err := part.put(&mvccpb.KeyValue{Key: []byte(key), Value: value})
			var v View
			part.show(&v)
			s, field := part.split(key)
			if field == "" && err != nil {
				t.Fatalf("refused the value of a key that is not its business: %v", err)
			}
			if b, ok := v.Backends[s.address]; field != "" && (!ok || b.Address != s.address || b.Keyspace != s.keyspace) {
				t.Fatalf("%+v is shown as %+v, %v", s, b, ok)
			}
			for _, field := range []string{"", "/info", "/ttl"} {
				part.remove(key + field)
				part.remove(strings.TrimSuffix(strings.TrimSuffix(key, "/info"), "/ttl") + field)
			}
			part.show(&v)
			if field != "" && len(v.Backends) > 0 {
				t.Fatalf("what is removed is still shown: %v", slices.Collect(maps.Keys(v.Backends)))
			}
		}
	})
}

// FuzzPrometheus checks that an announcement which is accepted leads somewhere.
func FuzzPrometheus(f *testing.F) {
	f.Add([]byte(`{"ip":"10.0.0.1","binary_path":"/p","port":9090}`))
	f.Add([]byte(`{"ip":"::1","port":1}`))
	f.Add([]byte(`{"ip":"a:b","port":65536}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, value []byte) {
		p, err := parsePrometheus(value)
		if err != nil {
			return
		}
		host, _, err := net.SplitHostPort(strings.TrimPrefix(p.URL(), "http://"))
		if err != nil || host != p.IP {
			t.Fatalf("%+v leads to %q", p, p.URL())
		}
	})
}

// FuzzMetrics checks that every sample of an answer that is accepted says where it is from.
func FuzzMetrics(f *testing.F) {
	f.Add([]byte(`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"cluster":"x"},"value":[1,"1"]}]}}`))
	f.Add([]byte(`{"status":"success","data":{"resultType":"matrix","result":[{"values":[[1,"NaN"]]},null]}}`))
	f.Add([]byte(`{"status":"success","data":{"resultType":"scalar","result":[1,"+Inf"]},"warnings":["w"]}`))
	f.Add([]byte(`{"status":"success","data":{"resultType":"vector","result":[null]}}`))
	f.Add([]byte(`{"status":"error","errorType":"t","error":"e"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := parseAnswer("alpha", body)
		if err != nil {
			return
		}
		for _, sample := range m.Samples {
			if sample.Metric[clusterLabel] != "alpha" {
				t.Fatalf("%v", sample)
			}
		}
		for _, series := range m.Series {
			if series.Metric[clusterLabel] != "alpha" {
				t.Fatalf("%v", series)
			}
		}
	})
}

// FuzzRegistration checks that whatever the manager is told of itself, others can read what it writes.
func FuzzRegistration(f *testing.F) {
	f.Add("10.0.0.1:6000", "v1", "abc", "3080", "/deploy", int64(1))
	f.Add("[::1]:1", "\xff\"", "\n", "", "\x00", int64(-1))
	f.Fuzz(func(t *testing.T, address, version, hash, status, deploy string, started int64) {
		r := Registration{
			Address: address, Version: version, GitHash: hash, StatusPort: status, DeployPath: deploy, StartTimestamp: started,
		}
		cfg := Config{Registration: r}.withDefaults()
		if cfg.validate() != nil || address == "" {
			return
		}
		var got struct {
			IP             string `json:"ip"`
			Port           string `json:"port"`
			StartTimestamp int64  `json:"start_timestamp"`
		}
		if err := json.Unmarshal([]byte(cfg.Registration.info()), &got); err != nil {
			t.Fatal(err)
		}
		if started != 0 && got.StartTimestamp != started {
			t.Fatalf("started at %d, says %d", started, got.StartTimestamp)
		}
		if keys := r.keys(); len(keys) != 2 || keys[0] == keys[1] {
			t.Fatalf("keys %q", keys)
		}
	})
}

func TestWhatBelongsToTheBackendsAloneDecidesTheirAge(t *testing.T) {
	now := time.Now()
	b := newBoard(true)
	if !b.backendsProven().IsZero() {
		t.Fatal("nothing is proven at first")
	}
	b.topology = standing{seat: "a", proven: now.Add(2)}
	b.keyspaces = standing{seat: "b", proven: now.Add(1)}
	if !b.backendsProven().Equal(now.Add(1)) {
		t.Fatal("the older proof counts, that of the checkpoints does not")
	}
	b.keyspaces.seat = ""
	if !b.backendsProven().IsZero() {
		t.Fatal("who sits nowhere proves nothing")
	}
}
