package embedded

import (
	"fmt"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"go.etcd.io/etcd/api/v3/version"
	"go.etcd.io/etcd/server/v3/etcdserver"
	serverstorage "go.etcd.io/etcd/server/v3/storage"
)

// The engine runs an unmodified etcd and reaches for what nobody exports: two fields of etcd and one of package sync. This file finds
// them, and says in a sentence which one is not where it was. All are only read; what they lead to is safe for concurrent use.

// CheckSeams says whether every field that the engine reaches for is where it was.
func CheckSeams(s *etcdserver.EtcdServer) error {
	lock, err := storageLock(s)
	if err != nil {
		return err
	}
	if _, err := readerCount(lock); err != nil {
		return err
	}
	_, err = peerTransport(s)
	return err
}

// storageLock is the lock in the server's storage, which every save to the raft log takes for reading.
func storageLock(s *etcdserver.EtcdServer) (*sync.RWMutex, error) {
	storage, err := field[serverstorage.Storage](s, "r", "raftNodeConfig", "storage")
	if err != nil {
		return nil, err
	}
	return field[sync.RWMutex](*storage, "mux")
}

// readerCount is where an RWMutex counts its readers.
func readerCount(lock *sync.RWMutex) (*atomic.Int32, error) {
	return field[atomic.Int32](lock, "readerCount")
}

// peerTransport is what the server sends requests to peers with, outside rafthttp.
func peerTransport(s *etcdserver.EtcdServer) (*http.Transport, error) {
	rt, err := field[http.RoundTripper](s, "peerRt")
	if err != nil {
		return nil, err
	}
	transport, ok := (*rt).(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("etcd %s: its peer transport is a %T, the engine knows only how to extend an *http.Transport", version.Version, *rt)
	}
	return transport, nil
}

// field is a pointer to an unexported field, by its path from a pointer to a struct.
func field[T any](in any, path ...string) (*T, error) {
	v := reflect.ValueOf(in)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("etcd %s: want a pointer to a struct with %v in it, got %T", version.Version, path, in)
	}
	v = v.Elem()
	for i, name := range path {
		next := v
		if v.Kind() == reflect.Struct {
			next = v.FieldByName(name)
		}
		if v.Kind() != reflect.Struct || !next.IsValid() {
			return nil, fmt.Errorf("etcd %s moved %v: there is no %q in %s", version.Version, path[:i+1], name, v.Type())
		}
		v = next
	}
	if want := reflect.TypeFor[T](); v.Type() != want {
		return nil, fmt.Errorf("etcd %s: %v in %T is a %s, it was a %s", version.Version, path, in, v.Type(), want)
	}
	return (*T)(unsafe.Pointer(v.UnsafeAddr())), nil
}
