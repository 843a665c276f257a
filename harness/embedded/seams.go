package embedded

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"go.etcd.io/etcd/server/v3/etcdserver"
	serverstorage "go.etcd.io/etcd/server/v3/storage"
	"go.etcd.io/etcd/server/v3/storage/wal"

	"github.com/stormwatch/stormwatch/harness/inprocess"
)

// The engine runs an unmodified etcd and needs unexported fields: several of etcd and one of package sync. This file finds them. The fields
// are only read, and what they point to is safe for concurrent use. If a version of etcd has moved a field, its members do not start.

// saveLocks are the locks that every save to a server's raft log passes, in this order.
type saveLocks struct {
	storage *sync.RWMutex // taken for reading
	readers *atomic.Int32 // where storage counts its readers
	wal     **wal.WAL     // the current log; to be read while storage is held
}

func locksOfSave(s *etcdserver.EtcdServer) (saveLocks, error) {
	var l saveLocks
	storage, err := storageOf(s)
	if err != nil {
		return l, err
	}
	if l.storage, err = inprocess.Field[sync.RWMutex]("raft log", *storage, "mux"); err != nil {
		return l, err
	}
	if l.readers, err = inprocess.Field[atomic.Int32]("raft log", l.storage, "readerCount"); err != nil {
		return l, err
	}
	if l.wal, err = inprocess.Field[*wal.WAL]("raft log", *storage, "w"); err != nil {
		return l, err
	}
	l.storage.RLock()
	defer l.storage.RUnlock()
	_, err = walLock(*l.wal)
	return l, err
}

// storageOf is the server's storage of its raft log.
func storageOf(s *etcdserver.EtcdServer) (*serverstorage.Storage, error) {
	return inprocess.Field[serverstorage.Storage]("raft log", s, "r", "raftNodeConfig", "storage")
}

func walLock(w *wal.WAL) (*sync.Mutex, error) {
	return inprocess.Field[sync.Mutex]("raft log", w, "mu")
}

// log is the lock of the current log. The caller holds storage.
func (l saveLocks) log() *sync.Mutex {
	lock, err := walLock(*l.wal)
	if err != nil {
		panic(err) // impossible: locksOfSave has found the field
	}
	return lock
}

// readerHolds says whether the storage's lock is held for reading and nobody waits for it for writing.
func (l saveLocks) readerHolds() bool { return l.readers.Load() > 0 }

// writerWaits says whether somebody waits for the storage's lock for writing. An RWMutex then makes its count of readers negative and does
// not admit further readers.
func (l saveLocks) writerWaits() bool { return l.readers.Load() < 0 }

// peerTransport is the transport of the requests that the server makes to its peers outside rafthttp.
func peerTransport(s *etcdserver.EtcdServer) (*http.Transport, error) {
	rt, err := inprocess.Field[http.RoundTripper]("requests to peers", s, "peerRt")
	if err != nil {
		return nil, err
	}
	transport, ok := (*rt).(*http.Transport)
	if !ok {
		return nil, inprocess.Moved("requests to peers", fmt.Sprintf("the transport for them is a %T, not an *http.Transport", *rt))
	}
	return transport, nil
}
