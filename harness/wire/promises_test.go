package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// event is the event of a key at a revision.
func event(key string, revision int64) *mvccpb.Event {
	return &mvccpb.Event{Kv: &mvccpb.KeyValue{Key: []byte(key), ModRevision: revision}}
}

func events(all ...*mvccpb.Event) *pb.WatchResponse { return &pb.WatchResponse{Events: all} }

func progress(revision int64) *pb.WatchResponse {
	return &pb.WatchResponse{Header: &pb.ResponseHeader{Revision: revision}}
}

// created is a watch of a wire from a start revision.
func created(w *Wire, start int64, change ...func(*pb.WatchCreateRequest)) *watch {
	request := &pb.WatchCreateRequest{Key: []byte("/k"), RangeEnd: []byte("/l"), StartRevision: start}
	for _, c := range change {
		c(request)
	}
	return w.newWatch(request, &pb.WatchResponse{Header: &pb.ResponseHeader{Revision: 20}}, 0)
}

// received are the broken promises of a watch that receives responses.
func received(w *watch, all ...*pb.WatchResponse) (broken []string) {
	for _, r := range all {
		broken = append(broken, w.receive(r)...)
	}
	return broken
}

func TestAWatchKeepsItsPromises(t *testing.T) {
	fragments := func(r *pb.WatchCreateRequest) { r.Fragment = true }
	for _, test := range []struct {
		name   string
		watch  *watch
		all    []*pb.WatchResponse
		broken []string
	}{
		{
			name: "in order, several at once, with progress", watch: created(&Wire{}, 5),
			all: []*pb.WatchResponse{
				events(event("a", 5), event("b", 5), event("a", 7)), progress(9), events(event("a", 10)), progress(10), events(event("b", 11)),
			},
		},
		{
			name: "the header of a response with events promises nothing", watch: created(&Wire{}, 5),
			all: []*pb.WatchResponse{{Header: &pb.ResponseHeader{Revision: 30}, Events: []*mvccpb.Event{event("a", 7)}}, events(event("a", 8))},
		},
		{name: "from now on", watch: created(&Wire{}, 0), all: []*pb.WatchResponse{events(event("a", 21))}},
		{
			name: "an event of before", watch: created(&Wire{}, 0), all: []*pb.WatchResponse{events(event("a", 20))},
			broken: []string{"an event of revision 20 came, from before the start revision 21"},
		},
		{
			name: "from before the start", watch: created(&Wire{}, 5), all: []*pb.WatchResponse{events(event("a", 4))},
			broken: []string{"an event of revision 4 came, from before the start revision 5"},
		},
		{
			name: "out of order", watch: created(&Wire{}, 5), all: []*pb.WatchResponse{events(event("a", 7)), events(event("b", 6))},
			broken: []string{"an event of revision 6 came after one of revision 7"},
		},
		{
			name: "out of order in one response", watch: created(&Wire{}, 5), all: []*pb.WatchResponse{events(event("a", 7), event("b", 6))},
			broken: []string{"an event of revision 6 came after one of revision 7"},
		},
		{
			name: "twice", watch: created(&Wire{}, 5), all: []*pb.WatchResponse{events(event("a", 7)), events(event("a", 7))},
			broken: []string{"the event of key a at revision 7 came twice"},
		},
		{
			name: "twice in one response", watch: created(&Wire{}, 5), all: []*pb.WatchResponse{events(event("a", 7), event("a", 7))},
			broken: []string{"the event of key a at revision 7 came twice"},
		},
		{
			name: "a transaction in two responses", watch: created(&Wire{}, 5), all: []*pb.WatchResponse{events(event("a", 7)), events(event("b", 7), event("c", 7))},
			broken: []string{"the events of revision 7 came in more than one response", "the events of revision 7 came in more than one response"},
		},
		{
			name: "the same with fragments, which the client asked for", watch: created(&Wire{}, 5, fragments),
			all: []*pb.WatchResponse{events(event("a", 7)), events(event("b", 7))},
		},
		{
			name: "behind progress", watch: created(&Wire{}, 5), all: []*pb.WatchResponse{events(event("a", 6)), progress(8), events(event("a", 8))},
			broken: []string{"an event of revision 8 came after progress of revision 8 was announced"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.broken, received(test.watch, test.all...))
		})
	}
}

func TestWhatOneWatchDeliversNoOtherLeavesOut(t *testing.T) {
	for _, test := range []struct {
		name          string
		first, second []*pb.WatchResponse
		start         int64 // of the second
		change        []func(*pb.WatchCreateRequest)
		broken        []string
	}{
		{
			name: "both the same", start: 5,
			first: []*pb.WatchResponse{events(event("a", 5), event("a", 7))}, second: []*pb.WatchResponse{events(event("a", 5)), progress(6), events(event("a", 7))},
		},
		{
			name: "the second resumes", start: 8,
			first: []*pb.WatchResponse{events(event("a", 5), event("a", 7))}, second: []*pb.WatchResponse{events(event("a", 9))},
		},
		{
			name: "the second leaves an event out", start: 5,
			first: []*pb.WatchResponse{events(event("a", 5), event("a", 7), event("a", 9))}, second: []*pb.WatchResponse{events(event("a", 5), event("a", 9))},
			broken: []string{"the event of revision 7 never came on a watch that had it to deliver"},
		},
		{
			name: "the first left it out", start: 5,
			first: []*pb.WatchResponse{events(event("a", 5), event("a", 9))}, second: []*pb.WatchResponse{events(event("a", 5), event("a", 7), event("a", 9))},
			broken: []string{"the event of revision 7 never came on a watch that had it to deliver"},
		},
		{
			name: "the first left it out and announced progress", start: 5,
			first: []*pb.WatchResponse{progress(7)}, second: []*pb.WatchResponse{events(event("a", 7))},
			broken: []string{"the event of revision 7 never came on a watch that had it to deliver"},
		},
		{
			name: "the second leaves it out and announces progress", start: 5,
			first: []*pb.WatchResponse{events(event("a", 7))}, second: []*pb.WatchResponse{progress(7)},
			broken: []string{"the event of revision 7 never came on a watch that had it to deliver"},
		},
		{
			name: "the first had not got that far", start: 5,
			first: []*pb.WatchResponse{events(event("a", 5)), progress(6)}, second: []*pb.WatchResponse{events(event("a", 5), event("a", 7))},
		},
		{
			name: "the first begins later", start: 3,
			first: []*pb.WatchResponse{events(event("a", 5))}, second: []*pb.WatchResponse{events(event("a", 4), event("a", 5))},
		},
		{
			name: "a watch of other keys", start: 5, change: []func(*pb.WatchCreateRequest){func(r *pb.WatchCreateRequest) { r.RangeEnd = nil }},
			first: []*pb.WatchResponse{events(event("a", 5), event("a", 7), event("a", 9))}, second: []*pb.WatchResponse{events(event("/k", 9))},
		},
		{
			name: "a watch that asked for some events", start: 5,
			change: []func(*pb.WatchCreateRequest){func(r *pb.WatchCreateRequest) {
				r.Filters = []pb.WatchCreateRequest_FilterType{pb.WatchCreateRequest_NOPUT}
			}},
			first: []*pb.WatchResponse{events(event("a", 5), event("a", 7), event("a", 9))}, second: []*pb.WatchResponse{events(event("a", 9))},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := &Wire{}
			require.Empty(t, received(created(w, 5), test.first...))
			require.Equal(t, test.broken, received(created(w, test.start, test.change...), test.second...))
		})
	}
}

func TestCoverageJoinsSpansThatTouch(t *testing.T) {
	var c coverage
	c.cover(5, 7)
	c.cover(10, 12)
	c.cover(20, 21)
	require.Equal(t, [][2]int64{{5, 7}, {10, 12}, {20, 21}}, c.covered)
	c.cover(7, 8)
	require.Equal(t, [][2]int64{{5, 8}, {10, 12}, {20, 21}}, c.covered)
	c.cover(4, 10)
	require.Equal(t, [][2]int64{{4, 12}, {20, 21}}, c.covered)
	c.cover(1, 2)
	c.cover(30, 31)
	require.Equal(t, [][2]int64{{1, 2}, {4, 12}, {20, 21}, {30, 31}}, c.covered)
	for revision, covered := range map[int64]bool{1: false, 2: true, 4: false, 5: true, 12: true, 13: false} {
		require.Equal(t, covered, c.covers(revision), revision)
	}
}
