package record

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// TranscriptOptions say what a transcript shows. The zero value is a transcript for a person: what happened to the clusters
// and what the manager made of it, to the millisecond.
type TranscriptOptions struct {
	// Updates adds each commit and each change of a view: most lines of most runs.
	Updates bool
	// Exact prints instants to the nanosecond.
	Exact bool
}

// Transcript prints the record one event a line, from its start to its end:
//
//	[   1.200s] alpha     m1        leads (term 2)
//
// The columns are the instant, the cluster and the member, empty where an event has none. Lines of one instant stand in an
// order of their own: by what they are about (see rank), then by cluster, member and text, never by who came first.
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
	// Transcripts of one world line up with each other as long as names are of usual length.
	stamp, cluster, member = max(stamp, 9), max(cluster, 9), max(member, 9)
	var text strings.Builder
	for i, l := range lines {
		fmt.Fprintf(&text, "[%*s] %-*s %-*s %s\n", stamp, stamps[i], cluster, l.cluster, member, l.member, l.text)
	}
	return text.String()
}

// Digest is a short fingerprint of the whole transcript, with updates and to the nanosecond: 16 hexadecimal digits of its
// SHA-256. Two runs with the same digest went the same way.
func (r *Record) Digest() string {
	sum := sha256.Sum256([]byte(r.Transcript(TranscriptOptions{Updates: true, Exact: true})))
	return hex.EncodeToString(sum[:8])
}
