package soak

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ReadKnown reads the keys of the groups of failures that are known: one a line. Empty lines, and those that begin with #, are left out.
func ReadKnown(from io.Reader) (keys []string, err error) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			keys = append(keys, line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the known failures: %w", err)
	}
	return keys, nil
}

// Compare says of each group of failures whether it is known, and which known groups are gone.
func (s *Summary) Compare(known []string) {
	s.Gone = []string{}
	for _, key := range known {
		if !slices.ContainsFunc(s.Failures, func(g Group) bool { return g.Key == key }) && !slices.Contains(s.Gone, key) {
			s.Gone = append(s.Gone, key)
		}
	}
	for i := range s.Failures {
		s.Failures[i].Status = New
		if slices.Contains(known, s.Failures[i].Key) {
			s.Failures[i].Status = Known
		}
	}
}
