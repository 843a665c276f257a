package cli

import "syscall"

// ownGroup makes a child the first of a process group of its own.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// keepPipe has nothing to do: on Windows a process inherits only the handles that it is given.
func keepPipe() {}
