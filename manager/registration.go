package manager

import (
	"errors"
	"fmt"
	"slices"
)

// Registration is the set of keys that a manager writes in every cluster, under a lease that it refreshes. The keys are
// deleted when the manager is closed, and expire if its process dies. The zero value registers nothing.
type Registration struct {
	// Keys are written once, and again whenever one of them is no longer under the manager's lease.
	Keys []KeyValue
	// Heartbeat is a key that each refresh writes, with the time in nanoseconds since 1970 as text. Empty: none.
	Heartbeat string
}

// KeyValue is a key and its value.
type KeyValue struct{ Key, Value string }

func (r Registration) empty() bool { return len(r.Keys) == 0 && r.Heartbeat == "" }

func (r Registration) clone() Registration {
	return Registration{Keys: slices.Clone(r.Keys), Heartbeat: r.Heartbeat}
}

func (r Registration) same(other Registration) bool {
	return slices.Equal(r.Keys, other.Keys) && r.Heartbeat == other.Heartbeat
}

// allKeys are the keys in the order of the registration, the heartbeat last; nil if there are none.
func (r Registration) allKeys() (keys []string) {
	for _, kv := range r.Keys {
		keys = append(keys, kv.Key)
	}
	if r.Heartbeat != "" {
		keys = append(keys, r.Heartbeat)
	}
	return keys
}

// name is the key that names the registration in errors and log lines.
func (r Registration) name() string { return r.allKeys()[0] }

func (r Registration) validate() error {
	keys := r.allKeys()
	for i, key := range keys {
		switch {
		case key == "":
			return errors.New("a key of the registration is empty")
		case slices.Contains(keys[:i], key):
			return fmt.Errorf("key %q of the registration occurs twice", key)
		}
	}
	return nil
}
