package record

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestShowedSaysWhatTheViewSaid(t *testing.T) {
	const s = time.Second
	b := Subject{Kind: "backend", Name: "b"}
	view := func(at time.Duration, cluster, value string) View {
		return View{At: at, Cluster: cluster, Changes: []Change{{Subject{Kind: "backend", Name: "other"}, "x"}, {b, value}}}
	}
	r := &Record{
		ManagerClose: -1, End: 60 * s,
		Tenures: []Tenure{{Cluster: "alpha", From: s, To: 40 * s}, {Cluster: "alpha", From: 41 * s, To: -1}, {Cluster: "beta", From: s, To: -1}},
		Views:   []View{view(10*s, "alpha", "1"), view(11*s, "beta", "7"), view(20*s, "alpha", "2"), view(30*s, "alpha", "")},
		Healths: []Health{{12 * s, "alpha", ClaimsUpToDate}, {13 * s, "beta", ClaimsOutOfDate}, {25 * s, "alpha", ClaimsOutOfDate}, {35 * s, "alpha", ClaimsNothing}},
		Errors:  []ViewError{{At: 22 * s, Cluster: "alpha", Text: "gone\nfor good"}, {At: 23 * s, Cluster: "beta", Text: "other"}},
	}
	for _, test := range []struct {
		at   time.Duration
		want string
	}{
		{0, "the manager did not have the cluster"},
		{9 * s, "the view had never shown backend b"},
		{11 * s, "the view showed backend b = 1, since 10.000s"},
		{15 * s, "the view showed backend b = 1, since 10.000s, and claimed to be up to date"},
		{20 * s, "the view showed backend b = 2, since 20.000s, and claimed to be up to date"},
		{26 * s, "the view showed backend b = 2, since 20.000s, and claimed to be out of date; its last error, at 22.000s: gone"},
		{36 * s, "the view had shown no backend b since 30.000s; its last error, at 22.000s: gone"},
		{50 * s, "the view had never shown backend b"},
	} {
		require.Equal(t, test.want, r.Showed("alpha", b, test.at), test.at)
	}
}
