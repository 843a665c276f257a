package bench

import (
	"encoding/json"
	"io"
	"math"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/internal/quantile"
)

// Series are the measurements of one case with one manager on one engine, one for each seed.
type Series struct {
	Case              Case
	Engine            string
	Manager, Workload string
	// Set is the interval that was set; nil if none was.
	Set      *Setting
	Measured []Measurement
}

// Summary summarizes a series. A view that never recovered counts as slower than every other.
type Summary struct {
	// Took and Stale are the recoveries and the stalenesses.
	Took, Stale Durations
	// Bound is the largest bound of all measurements.
	Bound time.Duration
	// Over counts the recoveries that took longer than their bound, those that never came among them. Never counts these alone. Broken counts the seeds
	// with which nothing could be measured.
	Over, Never, Broken int
}

// Never stands for a recovery that did not happen, so that it sorts last.
const Never = time.Duration(math.MaxInt64)

// Durations are sorted, the shortest first.
type Durations []time.Duration

// Quantile returns the smallest element that is no shorter than the given share, from 0 to 1, of all elements. ok is false if there are none.
func (d Durations) Quantile(share float64) (took time.Duration, ok bool) {
	if len(d) == 0 {
		return 0, false
	}
	return quantile.Of(d, share), true
}

// Summary summarizes the measurements so far.
func (s *Series) Summary() Summary {
	var sum Summary
	for _, m := range s.Measured {
		if m.Failure != "" {
			sum.Broken++
			continue
		}
		sum.Bound = max(sum.Bound, m.Bound)
		switch {
		case m.Took < 0:
			sum.Never++
			sum.Over++
			m.Took, m.Stale = Never, Never
		case m.Took > m.Bound:
			sum.Over++
		}
		sum.Took, sum.Stale = append(sum.Took, m.Took), append(sum.Stale, m.Stale)
	}
	slices.Sort(sum.Took)
	slices.Sort(sum.Stale)
	return sum
}

// Format is the version of the JSON that [Series.WriteJSON] writes. It changes if a field changes its meaning or goes.
const Format = "stormwatch.bench/1"

// jsonSeries is a series as JSON. Times are in milliseconds of the engine's clock; null is a recovery that never came, or that there is none.
type jsonSeries struct {
	Format   string       `json:"format"`
	Case     string       `json:"case"`
	Fault    string       `json:"fault"`
	Engine   string       `json:"engine"`
	Manager  string       `json:"manager"`
	Workload string       `json:"workload"`
	Set      *jsonSetting `json:"set,omitempty"`
	Runs     int          `json:"runs"`
	Over     int          `json:"over"`
	Never    int          `json:"never"`
	Broken   int          `json:"broken"`
	Bound    float64      `json:"bound_ms"`
	Took     jsonSummary  `json:"took"`
	Stale    jsonSummary  `json:"stale"`
	Samples  []jsonSample `json:"samples"`
}

type jsonSetting struct {
	Name  string  `json:"name"`
	Value float64 `json:"value_ms"`
}

type jsonSummary struct {
	Min    *float64 `json:"min_ms"`
	Median *float64 `json:"median_ms"`
	P99    *float64 `json:"p99_ms"`
	Max    *float64 `json:"max_ms"`
}

type jsonSample struct {
	Seed    uint64   `json:"seed"`
	Took    *float64 `json:"took_ms"`
	Stale   *float64 `json:"stale_ms"`
	Failure string   `json:"failure,omitempty"`
}

// WriteJSON writes the series as one line of JSON, documented in docs/bench.md.
func (s *Series) WriteJSON(to io.Writer) error {
	sum := s.Summary()
	line := jsonSeries{
		Format: Format, Case: s.Case.Name, Fault: s.Case.Fault, Engine: s.Engine, Manager: s.Manager, Workload: s.Workload,
		Runs: len(sum.Took), Over: sum.Over, Never: sum.Never, Broken: sum.Broken, Bound: inMilliseconds(sum.Bound),
		Took: sum.Took.json(), Stale: sum.Stale.json(), Samples: []jsonSample{},
	}
	if s.Set != nil {
		line.Set = &jsonSetting{s.Set.Name, inMilliseconds(s.Set.Value)}
	}
	for _, m := range s.Measured {
		one := jsonSample{Seed: m.Seed, Failure: m.Failure}
		if m.Failure == "" && m.Took >= 0 {
			one.Took, one.Stale = milliseconds(m.Took), milliseconds(m.Stale)
		}
		line.Samples = append(line.Samples, one)
	}
	return json.NewEncoder(to).Encode(line)
}

func (d Durations) json() jsonSummary {
	at := func(share float64) *float64 {
		took, ok := d.Quantile(share)
		if !ok {
			return nil
		}
		return milliseconds(took)
	}
	return jsonSummary{at(0), at(0.5), at(0.99), at(1)}
}

func milliseconds(d time.Duration) *float64 {
	if d == Never {
		return nil
	}
	ms := inMilliseconds(d)
	return &ms
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
