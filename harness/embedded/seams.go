package embedded

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"go.etcd.io/etcd/server/v3/etcdserver"
	serverstorage "go.etcd.io/etcd/server/v3/storage"
	"go.etcd.io/etcd/server/v3/storage/wal"

	"github.com/stormwatch/stormwatch/harness/inprocess"
	"github.com/stormwatch/stormwatch/harness/point"
)

// The engine runs an unmodified etcd and needs unexported fields: several of etcd and one of package sync. This file finds them. What is
// found is safe for concurrent use, or its lock is held. If a version of etcd has moved a field, its members do not start.

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
	lock, err := walLock(*l.wal)
	if err != nil {
		return l, err
	}
	lock.Lock()
	defer lock.Unlock()
	_, err = walWriter(*l.wal)
	return l, err
}

// storageOf is the server's storage of its raft log.
func storageOf(s *etcdserver.EtcdServer) (*serverstorage.Storage, error) {
	return inprocess.Field[serverstorage.Storage]("raft log", s, "r", "raftNodeConfig", "storage")
}

func walLock(w *wal.WAL) (*sync.Mutex, error) {
	return inprocess.Field[sync.Mutex]("raft log", w, "mu")
}

// walWriter is where the log writes its records. The caller holds the lock of the log.
func walWriter(w *wal.WAL) (*io.Writer, error) {
	return inprocess.Field[io.Writer]("raft log", w, "encoder", "bw", "w")
}

// failing is a file of a raft log that cannot be written any more.
type failing struct {
	file io.Writer
	// failed says that a write has failed. What etcd wanted to write is lost then, so that the file must not be written any more.
	failed bool
}

// Write fails.
func (f *failing) Write([]byte) (int, error) {
	f.failed = true
	return 0, point.ErrFailed
}

// fail makes the next sync of the current log fail, and all later ones. The caller holds the lock of the log, also for mend.
func (l saveLocks) fail() {
	if w := l.writer(); !isFailing(*w) {
		*w = &failing{file: *w}
	}
}

// mend undoes fail, unless a sync has failed since.
func (l saveLocks) mend() {
	if w := l.writer(); isFailing(*w) && !(*w).(*failing).failed {
		*w = (*w).(*failing).file
	}
}

func isFailing(w io.Writer) bool {
	_, is := w.(*failing)
	return is
}

func (l saveLocks) writer() *io.Writer {
	w, err := walWriter(*l.wal)
	if err != nil {
		panic(err) // impossible: locksOfSave has found the field
	}
	return w
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
