package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness"
)

// ViewFormat is the name of the format in which a manager serves its view. A view may name it; another name is an error.
const ViewFormat = "stormwatch.view/1"

// viewBytes is how large a view may be.
const viewBytes = 16 << 20

// Views is what a manager in any language serves as JSON at its --view URL: what it believes of each cluster now.
type Views struct {
	// Format is [ViewFormat], or empty.
	Format string `json:"format,omitempty"`
	// Clusters are the clusters that the manager manages. Those that the lab does not have are ignored.
	Clusters []ClusterView `json:"clusters"`
}

// ClusterView is what a manager believes of a cluster now. It has facts or keys, not both.
type ClusterView struct {
	Cluster string `json:"cluster"`
	// Revision is the etcd revision that the view is based on: it shows every update up to it. Zero or left out: the manager knows none.
	Revision int64 `json:"revision,omitempty"`
	// Facts are the facts by kind and name, as the workload spells them.
	Facts map[string]map[string]string `json:"facts,omitempty"`
	// Keys are the keys and values of the workload's prefixes, for a manager that mirrors them as they are. The lab makes facts of them.
	Keys map[string]string `json:"keys,omitempty"`
	// Healthy says whether the manager takes its view to be up to date. Left out or null: it does not know.
	Healthy *bool `json:"healthy,omitempty"`
	// Error is the last error of the cluster. Empty: there was none.
	Error string `json:"error,omitempty"`
}

// readViews reads what a manager serves.
func readViews(r io.Reader) (Views, error) {
	var v Views
	decoder := json.NewDecoder(io.LimitReader(r, viewBytes))
	decoder.DisallowUnknownFields() // a mistyped field would be a view that never changes
	if err := decoder.Decode(&v); err != nil {
		return v, fmt.Errorf("the view is not as it should be: %w", err)
	}
	if v.Format != "" && v.Format != ViewFormat {
		return v, fmt.Errorf("the view has the format %q, want %q", v.Format, ViewFormat)
	}
	for _, c := range v.Clusters {
		if c.Facts != nil && c.Keys != nil {
			return v, fmt.Errorf("the view of %q has facts and keys, want one of them", c.Cluster)
		}
	}
	return v, nil
}

// of finds the view of a cluster.
func (v Views) of(cluster string) (ClusterView, bool) {
	i := slices.IndexFunc(v.Clusters, func(c ClusterView) bool { return c.Cluster == cluster })
	if i < 0 {
		return ClusterView{}, false
	}
	return v.Clusters[i], true
}

// view makes a view of the harness.
func (c ClusterView) view(w *harness.Workload) (harness.View, error) {
	v := harness.View{Revision: c.Revision, Facts: harness.Facts{}}
	switch {
	case c.Healthy == nil:
	case *c.Healthy:
		v.Health = harness.UpToDate
	default:
		v.Health = harness.OutOfDate
	}
	if c.Error != "" {
		v.Err = errors.New(c.Error)
	}
	if c.Keys != nil {
		v.Facts = w.Facts(c.Keys)
		return v, nil
	}
	var kinds []string
	for _, k := range w.Kinds {
		kinds = append(kinds, k.Name)
	}
	for kind, facts := range c.Facts {
		if !slices.Contains(kinds, kind) {
			return v, fmt.Errorf("the view of %s has facts of the kind %q; the workload %s has %s", c.Cluster, kind, w.Name, strings.Join(kinds, ", "))
		}
		for name, value := range facts {
			v.Facts[harness.Subject{Kind: kind, Name: name}] = value
		}
	}
	return v, nil
}
