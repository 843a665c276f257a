package inprocess

import (
	"errors"
	"os"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	serverstorage "go.etcd.io/etcd/server/v3/storage"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// releaseLog closes the files of a raft log whose server died and has stopped. etcd leaves them open and locked if it cannot write the end
// of the log, and a locked log would keep the member from starting again.
func releaseLog(s serverstorage.Storage) error {
	log, err := Field[*wal.WAL]("files of the raft log", s, "w")
	if err != nil {
		return err
	}
	locks, err := Field[[]*fileutil.LockedFile]("files of the raft log", *log, "locks")
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range *locks {
		if l == nil {
			continue
		}
		if err := l.Close(); !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
