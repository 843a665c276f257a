// Package inprocess is shared by the engines that run etcd's server in this process. It reads unexported fields, calls a server without a
// network, and keeps the process alive when a server ends itself.
package inprocess
