package tiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
)

const (
	// clusterLabel says of each sample where it is from, formerClusterLabel keeps a label of that name which the
	// sample brought along, as Prometheus does when it scrapes another one.
	clusterLabel       = "cluster"
	formerClusterLabel = "exported_cluster"
	// answerLimit is what is read of an answer at most.
	answerLimit = 64 << 20

	defaultTimeout = 5 * time.Second
)

// Metrics is what the Prometheuses of one or several clusters answered to a query. Each sample and each series has
// the label cluster; one of that name that it had before is its label exported_cluster now. What belongs to one
// cluster is together, in the order in which it was answered, and clusters are in the order of their names.
type Metrics struct {
	// Samples are the answer to a query of instant vectors, and to one of scalars: one sample of no name a cluster.
	Samples model.Vector
	// Series are the answer to a query of range vectors.
	Series model.Matrix
	// Warnings are what a Prometheus said besides, by cluster.
	Warnings map[string][]string
	// Errors are those of clusters that gave no answer, by cluster.
	Errors map[string]error
}

// QueryError says that the Prometheus of a cluster did not answer a query. Endpoint is its URL.
type QueryError struct {
	guard.Where
	Query string
	Err   error
}

func (e *QueryError) Error() string {
	return fmt.Sprintf("query %q of cluster %q at %q, after %v: %v", e.Query, e.Cluster, e.Endpoint, e.Elapsed, e.Err)
}

func (e *QueryError) Unwrap() error { return e.Err }

// Querier asks the Prometheuses of the clusters that a manager manages.
type Querier struct {
	Manager *manager.Manager
	// Timeout bounds a query to one cluster, discovery of its Prometheus included. Default 5 s.
	Timeout time.Duration
}

// Query evaluates a PromQL expression at an instant in every cluster's Prometheus, side by side, and merges the
// answers. Each cluster has Timeout from now, so that it blocks no longer than that, or than ctx, and a
// cluster that is down costs the others' answers nothing. Clusters without an answer are in Metrics.Errors; only when
// none of them answered is that an error, which wraps them all. No clusters have no metrics, and that is no error.
func (q Querier) Query(ctx context.Context, expression string, at time.Time) (Metrics, error) {
	var handles []*manager.Cluster
	for _, name := range q.Manager.Clusters() {
		// One that was removed since is none of them.
		if c, err := q.Manager.Cluster(name); err == nil {
			handles = append(handles, c)
		}
	}
	// The handle of no cluster is to be had as long as the manager is not closed.
	if _, err := q.Manager.Cluster(""); err != nil {
		return Metrics{}, err
	}
	answers, failures := make([]Metrics, len(handles)), make([]error, len(handles))
	var asking sync.WaitGroup
	for i, c := range handles {
		asking.Go(func() { answers[i], failures[i] = q.QueryCluster(ctx, c, expression, at) })
	}
	asking.Wait()

	merged := Metrics{Warnings: make(map[string][]string), Errors: make(map[string]error)}
	for i, c := range handles {
		if failures[i] != nil {
			merged.Errors[c.Name()] = failures[i]
			continue
		}
		merged.Samples = append(merged.Samples, answers[i].Samples...)
		merged.Series = append(merged.Series, answers[i].Series...)
		if len(answers[i].Warnings) > 0 {
			merged.Warnings[c.Name()] = answers[i].Warnings[c.Name()]
		}
	}
	if len(handles) > 0 && len(merged.Errors) == len(handles) {
		return merged, errors.Join(failures...)
	}
	return merged, nil
}

// QueryCluster evaluates a PromQL expression at an instant in one cluster's own Prometheus, which it looks up first. It
// blocks no longer than Timeout and ctx. It fails as [FindPrometheus] does, or with a [*QueryError].
func (q Querier) QueryCluster(ctx context.Context, c *manager.Cluster, expression string, at time.Time) (Metrics, error) {
	timeout := q.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, err := FindPrometheus(ctx, c)
	if err != nil {
		return Metrics{}, err
	}
	begun := time.Now()
	answer, err := query(ctx, c, found.URL(), expression, at)
	if err != nil {
		where := guard.Where{Cluster: c.Name(), Endpoint: found.URL(), Key: prometheusKey, Elapsed: time.Since(begun)}
		return Metrics{}, &QueryError{Where: where, Query: expression, Err: err}
	}
	return answer, nil
}

// query speaks the HTTP API of Prometheus, version 1. Its own client library would bring a JSON library of its own
// and unsafe code with it, for this one request.
func query(ctx context.Context, c *manager.Cluster, base, expression string, at time.Time) (Metrics, error) {
	form := url.Values{"query": {expression}, "time": {strconv.FormatFloat(float64(at.UnixMilli())/1e3, 'f', 3, 64)}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v1/query", strings.NewReader(form.Encode()))
	if err != nil {
		return Metrics{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := c.HTTPClient().Do(request)
	if err != nil {
		return Metrics{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return Metrics{}, err
	}
	// An error of Prometheus itself is JSON too, with a reason in it; one of whatever stands before it is not.
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode/100 != 2 && kind != "application/json" {
		return Metrics{}, fmt.Errorf("answered %s", response.Status)
	}
	return parseAnswer(c.Name(), body)
}

// parseAnswer makes labelled metrics of a Prometheus' answer.
func parseAnswer(cluster string, body []byte) (Metrics, error) {
	var answer struct {
		Status    string `json:"status"`
		ErrorType string `json:"errorType"`
		Error     string `json:"error"`
		Data      struct {
			ResultType model.ValueType `json:"resultType"`
			Result     json.RawMessage `json:"result"`
		} `json:"data"`
		Warnings []string `json:"warnings"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return Metrics{}, fmt.Errorf("answer is not the JSON expected: %w", err)
	}
	if answer.Status != "success" {
		return Metrics{}, fmt.Errorf("answered %s: %s", answer.ErrorType, answer.Error)
	}
	var m Metrics
	var err error
	switch answer.Data.ResultType {
	case model.ValVector:
		err = json.Unmarshal(answer.Data.Result, &m.Samples)
	case model.ValMatrix:
		err = json.Unmarshal(answer.Data.Result, &m.Series)
	case model.ValScalar:
		var scalar model.Scalar
		err = json.Unmarshal(answer.Data.Result, &scalar)
		m.Samples = model.Vector{{Timestamp: scalar.Timestamp, Value: scalar.Value}}
	default:
		err = fmt.Errorf("results of type %q cannot be merged", answer.Data.ResultType)
	}
	if err != nil {
		return Metrics{}, err
	}
	if len(answer.Warnings) > 0 {
		m.Warnings = map[string][]string{cluster: answer.Warnings}
	}
	return m, m.label(cluster)
}

// label says of everything where it is from.
func (m Metrics) label(cluster string) error {
	set := func(metric *model.Metric) {
		if *metric == nil {
			*metric = make(model.Metric)
		}
		if former, ok := (*metric)[clusterLabel]; ok {
			(*metric)[formerClusterLabel] = former
		}
		(*metric)[clusterLabel] = model.LabelValue(cluster)
	}
	for _, sample := range m.Samples {
		if sample == nil {
			return errors.New("a sample is null")
		}
		set(&sample.Metric)
	}
	for _, series := range m.Series {
		if series == nil {
			return errors.New("a series is null")
		}
		set(&series.Metric)
	}
	return nil
}
