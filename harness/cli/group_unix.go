//go:build unix

package cli

import "syscall"

// ownGroup makes a child the first of a process group of its own.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
