package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/pingcap/failpoint"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/point"
)

// Order is the body of POST /api/fault.
type Order struct {
	// Fault is the expression of a fault, such as HangDisk(alpha/leader).
	Fault string `json:"fault"`
}

// Heal is the body of POST /api/heal. The zero value means every fault in force.
type Heal struct {
	// ID is the id of one fault.
	ID int `json:"id,omitempty"`
	// Fault is the expression of faults, as it was asked for or with the names of members.
	Fault string `json:"fault,omitempty"`
}

func (h Heal) String() string {
	if h.ID != 0 {
		return "fault " + strconv.Itoa(h.ID)
	}
	return h.Fault
}

// means says whether a fault is meant.
func (h Heal) means(i InForce) bool {
	return (h.ID == 0 || h.ID == i.ID) && (h.Fault == "" || h.Fault == i.Fault || h.Fault == i.Text)
}

// Healed is the answer to POST /api/heal: the faults that were healed, the newest first.
type Healed struct {
	Healed []InForce `json:"healed"`
}

// Offer is a fault that can be chosen on the live page.
type Offer struct {
	Fault string `json:"fault"`
	About string `json:"about"`
	Once  bool   `json:"once"`
}

// Problem is the body of every answer that is an error.
type Problem struct {
	Error string `json:"error"`
}

// routes are the pages and the API.
func (s *session) routes() http.Handler {
	mux := http.NewServeMux()
	s.page(mux)
	mux.HandleFunc("GET /api/state", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.state()) })
	mux.HandleFunc("POST /api/fault", s.postFault)
	mux.HandleFunc("POST /api/heal", s.postHeal)
	mux.HandleFunc("GET /api/faults", s.getFaults)
	mux.HandleFunc("GET /api/schedule", s.getSchedule)
	mux.HandleFunc("GET /api/lanes", s.getLanes)
	mux.Handle("/failpoints/", http.StripPrefix("/failpoints", s.failpoints()))
	for _, path := range []string{"/api/state", "/api/faults", "/api/schedule", "/api/lanes"} {
		mux.HandleFunc(path, only(http.MethodGet))
	}
	for _, path := range []string{"/api/fault", "/api/heal"} {
		mux.HandleFunc(path, only(http.MethodPost))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, fmt.Errorf("there is nothing at %s; the API is described in docs/lab.md", r.URL.Path))
	})
	return mux
}

// only answers requests of another method than a path has.
func only(method string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", method)
		fail(w, http.StatusMethodNotAllowed, fmt.Errorf("%s %s: want %s", r.Method, r.URL.Path, method))
	}
}

func (s *session) postFault(w http.ResponseWriter, r *http.Request) {
	var o Order
	if !read(w, r, &o) {
		return
	}
	f, err := fault.Parse(o.Fault)
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	var injected InForce
	err = s.do(r.Context(), func(w *harness.World) (err error) {
		injected, err = s.inject(w, f)
		return err
	})
	if err != nil {
		fail(w, status(err), fmt.Errorf("%s: %w", f, err))
		return
	}
	answer(w, http.StatusCreated, injected)
}

func (s *session) postHeal(w http.ResponseWriter, r *http.Request) {
	var h Heal
	if !read(w, r, &h) {
		return
	}
	if h.Fault != "" {
		f, err := fault.Parse(h.Fault)
		if err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		h.Fault = f.String()
	}
	healed := Healed{Healed: []InForce{}}
	err := s.do(r.Context(), func(*harness.World) error {
		list, err := s.heal(h)
		healed.Healed = append(healed.Healed, list...)
		return err
	})
	if err != nil {
		fail(w, status(err), fmt.Errorf("heal: %w", err))
		return
	}
	answer(w, http.StatusOK, healed)
}

// getFaults answers with the faults that can be chosen, with the usual arguments: those on the member in the query, or on the cluster.
func (s *session) getFaults(w http.ResponseWriter, r *http.Request) {
	cluster, member := r.URL.Query().Get("cluster"), r.URL.Query().Get("member")
	c, err := s.world.Find(cluster)
	if err != nil {
		fail(w, http.StatusNotFound, err)
		return
	}
	on := harness.Ref{Cluster: cluster, Member: member}
	var others []harness.Ref
	known := member == ""
	for _, m := range c.Members() {
		if m.Ref() != on {
			others = append(others, m.Ref())
		}
		known = known || m.Ref() == on
	}
	if !known {
		fail(w, http.StatusNotFound, fmt.Errorf("cluster %s has no member %q", cluster, member))
		return
	}
	answer(w, http.StatusOK, s.offers(on, others))
}

// offers are the faults that can be chosen on a member, or on its cluster if no member is named. Those that need TLS or authentication are left out if
// the cluster has none.
func (s *session) offers(on harness.Ref, others []harness.Ref) []Offer {
	list := []Offer{}
	for _, d := range fault.All() {
		if (d.On == fault.OnCluster) != (on.Member == "") || !s.suits(d, on.Cluster) {
			continue
		}
		if f, err := fault.Usual(d.Name, on, others); err == nil {
			list = append(list, Offer{Fault: f.String(), About: d.About, Once: d.Once})
		}
	}
	return list
}

// suits says whether a cluster has what a fault needs.
func (s *session) suits(d fault.Description, cluster string) bool {
	for _, spec := range s.options.Clusters {
		if spec.Name == cluster {
			return (!d.TLS || spec.TLS) && (!d.Auth || spec.Auth)
		}
	}
	return false
}

// getSchedule answers with what was done so far, as a schedule.
func (s *session) getSchedule(w http.ResponseWriter, _ *http.Request) {
	text := s.done.schedule(&harness.Result{Workload: s.workload().Name}).String()
	answer(w, http.StatusOK, struct {
		Schedule string `json:"schedule"`
	}{text})
}

// failpoints is failpoint's own handler, for the fault points of this session. What it switches on is checked first: failpoint itself would take any
// terms, those that end the process too.
func (s *session) failpoints() http.Handler {
	handler := &failpoint.HttpHandler{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/")
		switch r.Method {
		case http.MethodGet:
			handler.ServeHTTP(w, r)
			return
		case http.MethodPut, http.MethodDelete:
		default:
			only("GET, PUT, DELETE")(w, r)
			return
		}
		terms, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyBytes))
		if err != nil {
			fail(w, http.StatusRequestEntityTooLarge, err)
			return
		}
		if r.Method == http.MethodPut {
			if err := s.world.CheckSwitch(point.Path(path), string(terms)); err != nil {
				fail(w, http.StatusBadRequest, err)
				return
			}
		}
		err = s.do(r.Context(), func(world *harness.World) error {
			r.Body = io.NopCloser(strings.NewReader(string(terms)))
			handler.ServeHTTP(w, r)
			s.follow(world)
			return nil
		})
		if err != nil {
			fail(w, status(err), err)
			return
		}
		s.threw(path, r.Method == http.MethodPut)
	})
}

// threw remembers which failpoints are to be switched off in the end.
func (s *session) threw(path string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on {
		s.thrown[path] = true
	} else {
		delete(s.thrown, path)
	}
}

// read reads the JSON body of a request. If that is not what is wanted, it answers with the error and returns false.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		fail(w, http.StatusUnsupportedMediaType, errors.New("want a body in JSON, with Content-Type: application/json"))
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyBytes))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil && decoder.More() {
		err = errors.New("more than one object")
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		fail(w, http.StatusRequestEntityTooLarge, fmt.Errorf("the body is larger than %d bytes", bodyBytes))
	case err != nil:
		fail(w, http.StatusBadRequest, fmt.Errorf("the body is not as it should be: %w", err))
	}
	return err == nil
}

// status is the status of the answer to a command that failed. What cannot be done now may be possible later.
func status(err error) int {
	switch {
	case errors.Is(err, errEnded):
		return http.StatusServiceUnavailable
	case errors.Is(err, errNotInForce):
		return http.StatusNotFound
	}
	return http.StatusConflict
}

// answer writes an answer in JSON.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller has gone
}

// fail answers with an error.
func fail(w http.ResponseWriter, status int, err error) { answer(w, status, Problem{err.Error()}) }
