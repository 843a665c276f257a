// Package etcdtest has etcd clusters for the tests of the manager's packages: a [Fake] in memory, for tests in virtual time,
// and a real [Cluster] on loopback; both can be hurt, and count what they are asked.
package etcdtest
