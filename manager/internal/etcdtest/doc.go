// Package etcdtest has etcd clusters for the tests of the manager's packages: a [Fake] in memory, for tests in virtual time,
// and a real [Cluster] on loopback. Tests can inject faults into both, and both count the requests that they receive.
package etcdtest
