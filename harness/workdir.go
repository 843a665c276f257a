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

// A run keeps its data in a directory of its own, and holds a lock on a file in it. A process that is killed leaves its directory behind, but the
// system releases the lock. The next run that makes a directory removes those whose lock nobody holds.
//
//	stormwatch-run-000000/             the first free number: all names have the same length, and a run that is alone always has the same name
//	    lock                           held by the run
//	    …                              its data
//	stormwatch-dead-0123456789abcdef/  a directory that is being removed. It is renamed first: of two processes only one can rename it
//
// A directory whose lock nobody holds may also be one that is just being made. So the process that makes it takes the lock, checks whether the file is
// still there, and tries another name if it is not.
const (
	runPrefix  = "stormwatch-run-"
	deadPrefix = "stormwatch-dead-"
	lockName   = "lock"
)

var (
	runName  = regexp.MustCompile(`^` + runPrefix + `\d{6}$`)
	deadName = regexp.MustCompile(`^` + deadPrefix + `[0-9a-f]{16}$`)
)

// MakeDir makes a directory for one run in parent, or in the directory for temporary files if parent is empty. It also removes the directories that
// killed processes left there. release removes the new directory with all its content.
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
			return dir, func() error { return removeDir(dir, lock) }, nil
		case !errors.Is(err, errDirTaken):
			return "", nil, fmt.Errorf("a directory for the run's data in %s: %w", where, err)
		}
	}
	return "", nil, fmt.Errorf("a directory for the run's data in %s: all names are taken", where)
}

var errDirTaken = errors.New("another run uses the directory")

// claimDir makes a directory and locks it. It returns errDirTaken if another run has the name.
func claimDir(dir string) (*fileutil.LockedFile, error) {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, os.ErrExist) {
		return nil, errDirTaken
	}
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if errors.Is(err, os.ErrNotExist) { // another run has taken the new directory for one that was left behind, and removed it
		return nil, errDirTaken
	}
	return lock, err
}

// lockDir locks a directory. It returns errDirTaken if another run holds the lock or has removed the directory.
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

// removeDir removes a directory whose lock the caller holds, and releases the lock. It first gives the directory a random name, since several processes
// may share the parent. Nothing in a run depends on that name.
func removeDir(dir string, lock *fileutil.LockedFile) error {
	dead := filepath.Join(filepath.Dir(dir), fmt.Sprintf("%s%016x", deadPrefix, rand.Uint64()))
	err := os.Rename(dir, dead)
	if err == nil {
		err = os.RemoveAll(dead)
	}
	return errors.Join(err, lock.Close())
}

// sweepDirs removes the directories that killed processes left in parent. It ignores those that it cannot remove, such as those of other users.
func sweepDirs(parent string) {
	entries, _ := os.ReadDir(parent) // if parent cannot be read, making a directory in it reports that
	for _, e := range entries {
		path := filepath.Join(parent, e.Name())
		switch {
		case !e.IsDir():
		case deadName.MatchString(e.Name()):
			_ = os.RemoveAll(path)
		case runName.MatchString(e.Name()):
			if lock, err := lockDir(path); err == nil {
				_ = removeDir(path, lock)
			}
		}
	}
}
