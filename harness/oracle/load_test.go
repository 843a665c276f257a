package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

// every requires checkpoints every two load intervals, so that they may be 1 s + 8 s apart. It requires no backends.
func every(r *record.Record) { r.Kinds[0].Every = 2 }

// only removes all clusters but one from the run.
func only(r *record.Record) {
	r.Clusters, r.Tenures = r.Clusters[:1], r.Tenures[:1]
}

func rest(cluster string, from, to float64) event {
	return func(r *record.Record) {
		r.Rests = append(r.Rests, record.Rest{Cluster: cluster, From: at(from), To: at(to)})
	}
}

func TestLoad(t *testing.T) {
	check(t, Load{}, []judgement{
		{name: "no cluster", history: run(every, tenures("alpha"), tenures("beta")), want: record.NotAsked},
		{name: "no kind is due", history: run(only), want: record.Passed},
		{name: "written all the time", history: run(every, only, steady("alpha", 1, 50, 0.1)), want: record.Passed},
		{
			name:    "never written",
			history: run(every, only),
			want:    record.NotJudged,
			evidence: []string{
				`^alpha: nothing of kind checkpoint was written from 0\.000s to 50\.000s, so that there is nothing to judge a view by$`,
			},
		},
		{
			name: "another kind is written",
			history: run(every, only, func(r *record.Record) {
				for s := range 50 {
					seen("alpha", float64(s), 0.1, "b", "1")(r)
				}
			}),
			want: record.NotJudged, evidence: []string{`nothing of kind checkpoint`},
		},
		{
			name:    "in every cluster",
			history: run(every, steady("alpha", 1, 50, 0.1)),
			want:    record.NotJudged, evidence: []string{`^beta: nothing of kind checkpoint`},
		},
		{
			name:    "a gap as long as allowed",
			history: run(every, only, steady("alpha", 1, 20, 0.1), steady("alpha", 29, 50, 0.1)),
			want:    record.Passed,
		},
		{
			name:    "a gap longer than that",
			history: run(every, only, steady("alpha", 1, 20, 0.1), steady("alpha", 30, 50, 0.1)),
			want:    record.NotJudged, evidence: []string{`from 20\.000s to 30\.000s`},
		},
		{
			name:    "a writer that dies in the end",
			history: run(every, only, steady("alpha", 1, 40, 0.1)),
			want:    record.NotJudged, evidence: []string{`from 40\.000s to 50\.000s`},
		},
		{
			name:    "one that begins late",
			history: run(every, only, steady("alpha", 10, 50, 0.1)),
			want:    record.NotJudged, evidence: []string{`from 0\.000s to 10\.000s`},
		},
		{
			name:    "at rest",
			history: run(every, only, steady("alpha", 1, 20, 0.1), rest("alpha", 21, 39), steady("alpha", 40, 50, 0.1)),
			want:    record.Passed,
		},
		{
			name:    "at rest until the end",
			history: run(every, only, steady("alpha", 1, 20, 0.1), rest("alpha", 21, never)),
			want:    record.Passed,
		},
		{
			name:    "a rest does not count, what is before and after does",
			history: run(every, only, steady("alpha", 1, 20, 0.1), rest("alpha", 25, 26), steady("alpha", 36, 50, 0.1)),
			want:    record.NotJudged, evidence: []string{`from 26\.000s to 36\.000s`},
		},
		{
			name:    "too long before a rest",
			history: run(every, only, steady("alpha", 1, 20, 0.1), rest("alpha", 31, 32), steady("alpha", 33, 50, 0.1)),
			want:    record.NotJudged, evidence: []string{`from 20\.000s to 31\.000s`},
		},
		{
			name:    "another cluster's rest",
			history: run(every, only, steady("alpha", 1, 20, 0.1), rest("beta", 21, 39), steady("alpha", 40, 50, 0.1)),
			want:    record.NotJudged,
		},
		{
			name:    "without a quorum",
			history: run(every, only, steady("alpha", 1, 20, 0.1), lose("alpha", record.LostQuorum, 20, 35), steady("alpha", 44, 50, 0.1)),
			want:    record.Passed,
		},
		{
			name:    "out of reach the programs write on",
			history: run(every, only, steady("alpha", 1, 20, 0.1), lose("alpha", record.LostReach, 20, 35), steady("alpha", 44, 50, 0.1)),
			want:    record.NotJudged, evidence: []string{`from 20\.000s to 44\.000s`},
		},
		{
			name:    "a rest within a loss of the quorum",
			history: run(every, only, steady("alpha", 1, 20, 0.1), lose("alpha", record.LostQuorum, 20, 35), rest("alpha", 25, 30), steady("alpha", 44, 50, 0.1)),
			want:    record.Passed,
		},
		{
			name:    "in every tenure",
			history: run(every, only, steady("alpha", 1, 20, 0.1), tenures("alpha", 0, 20, 30, never)),
			want:    record.NotJudged, evidence: []string{`from 30\.000s to 50\.000s`},
		},
		{
			name:    "not between two tenures",
			history: run(every, only, steady("alpha", 1, 10, 0.1), tenures("alpha", 0, 15, 30, never), steady("alpha", 31, 50, 0.1)),
			want:    record.Passed,
		},
	})
}
