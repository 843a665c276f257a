package tiproxy

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
)

// FuzzPrometheus checks that the URL of an accepted announcement is valid.
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

// FuzzMetrics checks that every sample of an accepted response has the label of its cluster.
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

// FuzzRegistration checks that others can read what any instance writes about itself.
func FuzzRegistration(f *testing.F) {
	f.Add("10.0.0.1:6000", "v1", "abc", "3080", "/deploy", int64(1))
	f.Add("[::1]:1", "\xff\"", "\n", "", "\x00", int64(-1))
	f.Fuzz(func(t *testing.T, address, version, hash, status, deploy string, started int64) {
		i := Instance{
			Address: address, Version: version, GitHash: hash, StatusPort: status, DeployPath: deploy, StartTimestamp: started,
		}
		r, err := i.Registration()
		if err != nil || address == "" {
			return
		}
		var got struct {
			IP             string `json:"ip"`
			Port           string `json:"port"`
			StartTimestamp int64  `json:"start_timestamp"`
		}
		if err := json.Unmarshal([]byte(r.Keys[0].Value), &got); err != nil {
			t.Fatal(err)
		}
		if started != 0 && got.StartTimestamp != started {
			t.Fatalf("started at %d, says %d", started, got.StartTimestamp)
		}
		if len(r.Keys) != 1 || r.Keys[0].Key == r.Heartbeat {
			t.Fatalf("registers %+v", r)
		}
	})
}
