//go:build unix

package cli

import "syscall"

// ownGroup makes a child the first of a process group of its own.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// keepPipe keeps the pipe of a child from the processes that a manager starts. One that outlives the child would hold the pipe open, and the parent
// would wait for it.
func keepPipe() { syscall.CloseOnExec(childPipe) }
