package virtual

import "go.etcd.io/etcd/server/v3/storage/wal"

// segmentSize is that of a file of a raft log. etcd sets two of 64 MB aside for each member, which in memory are really there: 30
// members would take 4 GB. A log that outgrows a file goes on in the next.
const segmentSize = 1 << 18

// smallSegments makes raft logs small until restore is called. The size is a variable of package wal that etcd's own tests set too;
// it concerns the whole process, in which a run of this engine is alone for its seed's sake already.
func smallSegments() (restore func()) {
	before := wal.SegmentSizeBytes
	wal.SegmentSizeBytes = segmentSize
	return func() { wal.SegmentSizeBytes = before }
}
