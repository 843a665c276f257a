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
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// The engine runs an unmodified etcd and reaches for what nobody exports: fields of etcd and one of package sync. This file finds them,
// and says in a sentence which one is not where it was. All are only read; what they lead to is safe for concurrent use.

// CheckSeams says whether every field that the engine reaches for is where it was.
func CheckSeams(s *etcdserver.EtcdServer) error {
	if _, err := locksOfSave(s); err != nil {
		return err
	}
	_, err := peerTransport(s)
	return err
}

// saveLocks are the locks that every save to a server's raft log passes, in this order.
type saveLocks struct {
	storage *sync.RWMutex // taken for reading
	readers *atomic.Int32 // where storage counts its readers
	wal     **wal.WAL     // the log in force; to be looked at with storage in hand
}

func locksOfSave(s *etcdserver.EtcdServer) (saveLocks, error) {
	var l saveLocks
	storage, err := field[serverstorage.Storage](s, "r", "raftNodeConfig", "storage")
	if err != nil {
		return l, err
	}
	if l.storage, err = field[sync.RWMutex](*storage, "mux"); err != nil {
		return l, err
	}
	if l.readers, err = field[atomic.Int32](l.storage, "readerCount"); err != nil {
		return l, err
	}
	if l.wal, err = field[*wal.WAL](*storage, "w"); err != nil {
		return l, err
	}
	l.storage.RLock()
	defer l.storage.RUnlock()
	_, err = walLock(*l.wal)
	return l, err
}

func walLock(w *wal.WAL) (*sync.Mutex, error) { return field[sync.Mutex](w, "mu") }

// log is the lock of the log in force.
func (l saveLocks) log() *sync.Mutex {
	lock, err := walLock(*l.wal)
	if err != nil {
		panic(err) // locksOfSave has found it
	}
	return lock
}

// readerHolds says whether somebody has the storage's lock for reading, while nobody wants it for writing.
func (l saveLocks) readerHolds() bool { return l.readers.Load() > 0 }

// writerWaits says whether somebody wants the storage's lock for writing: an RWMutex then counts its readers below zero, and lets none
// in who comes later.
func (l saveLocks) writerWaits() bool { return l.readers.Load() < 0 }

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
