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
	// clusterLabel is the label of each sample that names its cluster. If a sample already has this label, its value moves to
	// formerClusterLabel, as in Prometheus when it scrapes another Prometheus.
	clusterLabel       = "cluster"
	formerClusterLabel = "exported_cluster"
	// answerLimit is how many bytes of a response are read at most.
	answerLimit = 64 << 20

	defaultTimeout = 5 * time.Second
)

// Metrics is the result of a query to the Prometheus of one or several clusters. Each sample and each series has the
// label cluster; if it already had this label, the old value is in exported_cluster. Clusters are in the order of their
// names, and the samples of each cluster in the order of its response.
type Metrics struct {
	// Samples are the result of a query for an instant vector or a scalar. A scalar is one sample without a name for each
	// cluster.
	Samples model.Vector
	// Series are the result of a query for a range vector.
	Series model.Matrix
	// Warnings are the warnings of each Prometheus, by cluster.
	Warnings map[string][]string
	// Errors are the errors of clusters without a response, by cluster.
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
	// Timeout is the timeout of a query to one cluster, including the lookup of its Prometheus. Default 5 s.
	Timeout time.Duration
}

// Query evaluates a PromQL expression at an instant in the Prometheus of every cluster, concurrently, and merges the
// results. It blocks for at most Timeout, and no longer than ctx; a cluster that is down does not affect the results of the
// others. Clusters without a response are in Metrics.Errors. Query returns an error, which wraps those of all clusters, only
// if none of them answered. Without clusters the result is empty.
func (q Querier) Query(ctx context.Context, expression string, at time.Time) (Metrics, error) {
	var handles []*manager.Cluster
	for _, name := range q.Manager.Clusters() {
		// A cluster that was removed meanwhile is left out.
		if c, err := q.Manager.Cluster(name); err == nil {
			handles = append(handles, c)
		}
	}
	// This fails only if the manager is closed.
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

// QueryCluster evaluates a PromQL expression at an instant in the Prometheus of one cluster, which it looks up first. It
// blocks for at most Timeout, and no longer than ctx. It fails with the errors of [FindPrometheus], or with a [*QueryError].
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

// query uses the HTTP API of Prometheus, version 1. The client library of Prometheus would add a JSON library and unsafe
// code as dependencies, for this one request.
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
	// An error of Prometheus itself is JSON with a reason; an error of a proxy in front of it is not.
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode/100 != 2 && kind != "application/json" {
		return Metrics{}, fmt.Errorf("answered %s", response.Status)
	}
	return parseAnswer(c.Name(), body)
}

// parseAnswer parses a response of Prometheus and adds the cluster's label.
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

// label adds the cluster's label to all samples and series.
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
