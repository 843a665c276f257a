package config

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInvalid matches every [*Error] in errors.Is.
var ErrInvalid = errors.New("invalid configuration")

// Error is one thing that is wrong with a configuration. If there are several, they are joined to one error, in which
// errors.As finds the first.
type Error struct {
	// File is empty for a configuration that was not read from a file.
	File string
	// Line counts from 1; 0 when it is not known.
	Line int
	// Cluster is the name of the cluster concerned; empty when none is, or when it has no name.
	Cluster string
	// Key is the key concerned, such as pd-addrs; empty when none is.
	Key    string
	Reason string
	// Err is the error behind the reason, if there is one.
	Err error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(ErrInvalid.Error())
	if e.File != "" {
		fmt.Fprintf(&b, ": %s", e.File)
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, ": line %d", e.Line)
	}
	if e.Cluster != "" {
		fmt.Fprintf(&b, ": cluster %q", e.Cluster)
	}
	if e.Key != "" {
		fmt.Fprintf(&b, ": %s", e.Key)
	}
	fmt.Fprintf(&b, ": %s", e.Reason)
	return b.String()
}

func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrInvalid}
	}
	return []error{ErrInvalid, e.Err}
}
