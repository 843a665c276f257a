package inprocess

import "go.etcd.io/etcd/server/v3/storage/wal"

// segmentSize is the size, in bytes, of a WAL segment. etcd preallocates two segments of 64 MB for each member. In a file system in memory
// 30 members would take 4 GB, and a killed process would leave all of it behind. A log that is larger than a segment continues in the next.
const segmentSize = 1 << 18

// The size is a variable of package wal, which etcd's own tests set too. It is set once, when the package is loaded, so that worlds in one
// process do not race for it.
func init() { wal.SegmentSizeBytes = segmentSize }
