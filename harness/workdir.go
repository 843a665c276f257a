package harness

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
)

// A run keeps its data in a directory that is its own as long as it holds the lock on a file in it. A process that is killed leaves its
// directory behind and loses the lock; the next run that makes one finds it and removes it.
//
//	stormwatch-run-000000/             the first number that is free, so that names have one length and, alone in their parent, are the same
//	    lock                           held by the run
//	    …                              its data
//	stormwatch-dead-0123456789abcdef/  one that is being removed: renamed first, since of two sweepers only one can rename it
//
// A directory whose lock nobody holds may also be one that is just being made. Whoever makes it therefore asks, with the lock in hand, whether
// the file is still there, and takes another name if it is not.
const (
	runPrefix  = "stormwatch-run-"
	deadPrefix = "stormwatch-dead-"
	lockName   = "lock"
)

var (
	runName  = regexp.MustCompile(`^` + runPrefix + `\d{6}$`)
	deadName = regexp.MustCompile(`^` + deadPrefix + `[0-9a-f]{16}$`)
)

// MakeDir makes a directory for one run in parent, or where temporary files are if parent is empty, and removes those that runs left there
// whose processes are gone. release removes the directory with all that is in it.
func MakeDir(parent string) (dir string, release func() error, err error) {
	where := parent
	if parent == "" {
		parent = os.TempDir()
		where = parent + " (TMPDIR)"
	}
	sweepDirs(parent)
	for i := range 1_000_000 {
		dir = filepath.Join(parent, fmt.Sprintf("%s%06d", runPrefix, i))
		lock, err := claimDir(dir)
		switch {
		case err == nil:
			return dir, func() error { return buryDir(dir, lock) }, nil
		case !errors.Is(err, errDirTaken):
			return "", nil, fmt.Errorf("a directory for the run's data in %s: %w", where, err)
		}
	}
	return "", nil, fmt.Errorf("a directory for the run's data in %s: all names are taken", where)
}

var errDirTaken = errors.New("the directory is somebody else's")

// claimDir makes a directory and locks it. It returns errDirTaken if somebody else has it.
func claimDir(dir string) (*fileutil.LockedFile, error) {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, os.ErrExist) {
		return nil, errDirTaken
	}
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if errors.Is(err, os.ErrNotExist) { // a sweeper took the directory for one that was left
		return nil, errDirTaken
	}
	return lock, err
}

// lockDir locks a directory. It returns errDirTaken if it is locked, or not there any more.
func lockDir(dir string) (*fileutil.LockedFile, error) {
	path := filepath.Join(dir, lockName)
	lock, err := fileutil.TryLockFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fileutil.ErrLocked) {
		return nil, errDirTaken
	}
	if err != nil {
		return nil, err
	}
	locked, err := lock.Stat()
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if there, err := os.Stat(path); err != nil || !os.SameFile(locked, there) {
		return nil, errors.Join(errDirTaken, lock.Close())
	}
	return lock, nil
}

// buryDir removes a directory whose lock is held, and gives the lock up.
func buryDir(dir string, lock *fileutil.LockedFile) error {
	dead := filepath.Join(filepath.Dir(dir), fmt.Sprintf("%s%016x", deadPrefix, rand.Uint64()))
	err := os.Rename(dir, dead)
	if err == nil {
		err = os.RemoveAll(dead)
	}
	return errors.Join(err, lock.Close())
}

// sweepDirs removes what runs left in parent whose processes are gone. What cannot be removed, because it is another user's say, stays.
func sweepDirs(parent string) {
	entries, _ := os.ReadDir(parent) // whoever makes a directory there says what is wrong
	for _, e := range entries {
		path := filepath.Join(parent, e.Name())
		switch {
		case !e.IsDir():
		case deadName.MatchString(e.Name()):
			_ = os.RemoveAll(path)
		case runName.MatchString(e.Name()):
			if lock, err := lockDir(path); err == nil {
				_ = buryDir(path, lock)
			}
		}
	}
}
