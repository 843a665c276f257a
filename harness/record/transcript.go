package record

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// TranscriptOptions say what a transcript shows. With the zero value it shows what happened to the clusters and how the manager reacted, to
// the millisecond.
type TranscriptOptions struct {
	// Updates adds each commit and each change of a view, which are most events of a run.
	Updates bool
	// Exact prints instants to the nanosecond.
	Exact bool
}

// Event is one event of a transcript. Cluster and Member are empty if it is not one cluster's or one member's.
type Event struct {
	At              time.Duration
	Cluster, Member string
	Text            string
}

// Events are the events of a transcript, in its order.
func (r *Record) Events(o TranscriptOptions) []Event {
	lines := r.lines(o)
	events := make([]Event, len(lines))
	for i, l := range lines {
		events[i] = Event{l.at, l.cluster, l.member, l.text}
	}
	return events
}

// Transcript prints the record from its start to its end, one event a line:
//
//	[   1.200s] alpha     m1        leads (term 2)
//
// The columns are the instant, the cluster, the member and the event; an event may have no cluster or member. Lines of the same instant are
// sorted by the kind of event, then by cluster, member and text, so that their order does not depend on the Go scheduler.
func (r *Record) Transcript(o TranscriptOptions) string {
	lines := r.lines(o)
	stamps := make([]string, len(lines))
	var stamp, cluster, member int
	for i, l := range lines {
		stamps[i] = Stamp(l.at)
		if o.Exact {
			stamps[i] = fmt.Sprintf("%d.%09ds", l.at/time.Second, l.at%time.Second)
		}
		stamp, cluster, member = max(stamp, len(stamps[i])), max(cluster, len(l.cluster)), max(member, len(l.member))
	}
	// With minimum widths, the columns of different transcripts have the same widths unless names are very long.
	stamp, cluster, member = max(stamp, 9), max(cluster, 9), max(member, 9)
	var text strings.Builder
	for i, l := range lines {
		fmt.Fprintf(&text, "[%*s] %-*s %-*s %s\n", stamp, stamps[i], cluster, l.cluster, member, l.member, l.text)
	}
	return text.String()
}

// Digest is a short fingerprint of the whole transcript, with updates and to the nanosecond: 16 hexadecimal digits of its
// SHA-256. Two runs with the same digest have the same transcript.
func (r *Record) Digest() string {
	sum := sha256.Sum256([]byte(r.Transcript(TranscriptOptions{Updates: true, Exact: true})))
	return hex.EncodeToString(sum[:8])
}
