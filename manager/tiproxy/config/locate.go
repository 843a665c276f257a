package config

import (
	"regexp"
	"strings"
)

// The TOML library gives the line of a syntax error, but not the line of a value. These patterns find tables and keys in a
// text that was parsed already. If they do not find a key, its error has no line.
var (
	anyHeader     = regexp.MustCompile(`^\s*\[`)
	clusterHeader = regexp.MustCompile(`^\s*\[\[\s*proxy\s*\.\s*backend-clusters\s*\]\]`)
	proxyHeader   = regexp.MustCompile(`^\s*\[\s*proxy\s*\]`)
	assignment    = regexp.MustCompile(`^\s*(?:proxy\s*\.\s*)?([A-Za-z0-9_-]+)\s*=`)
)

// place is a table of the file: where it begins and where its keys are.
type place struct {
	header int
	keys   map[string]int
}

// line is the line of a key, else that of the table, else 0.
func (p place) line(key string) int {
	if line, ok := p.keys[key]; ok {
		return line
	}
	return p.header
}

type places struct {
	// single is the table with the older proxy.pd-addrs.
	single   place
	clusters []place
}

func (p places) cluster(i int) place {
	if i < len(p.clusters) {
		return p.clusters[i]
	}
	return place{}
}

// locate finds the tables of the clusters in a text. clusters is how many there are. If locate finds another number, for
// example because the list is inline, it returns no places for them.
func locate(text string, clusters int) places {
	found := places{single: place{keys: make(map[string]int)}}
	// Before the first header, only proxy.pd-addrs = … is of interest.
	current := &found.single
	n := 0
	for line := range strings.Lines(text) {
		n++
		switch {
		case clusterHeader.MatchString(line):
			found.clusters = append(found.clusters, place{header: n, keys: make(map[string]int)})
			current = &found.clusters[len(found.clusters)-1]
		case proxyHeader.MatchString(line):
			current = &found.single
			current.header = n
		case anyHeader.MatchString(line):
			current = nil
		case current != nil:
			if m := assignment.FindStringSubmatch(line); m != nil {
				current.keys[m[1]] = n
			}
		}
	}
	if len(found.clusters) != clusters {
		found.clusters = nil
	}
	return found
}
