package inprocess

import (
	"fmt"
	"os"
	"strings"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.uber.org/zap"
)

// DataDir is the data directory of a member and what the member must know of itself.
type DataDir struct{ Name, Path, PeerURL string }

// FounderID is the id of a founding member. etcd derives it from the peer URL and the token of the cluster.
func FounderID(name, peerURL, token string) (types.ID, error) {
	urls, err := types.NewURLs([]string{peerURL})
	if err != nil {
		return 0, fmt.Errorf("peer URL of member %s: %w", name, err)
	}
	return membership.NewMember(name, urls, token, nil).ID, nil
}

// initialMap is how much of a database is mapped into memory while it is restored, in bytes. The database may grow beyond it.
const initialMap = 1 << 24

// Restore replaces the data of all members of a cluster, none of which may run, by a backup: a file with the response of etcd's call Snapshot. It does what
// etcdutl's command snapshot restore does for each member. The members have the ids of founding members then.
func Restore(log *zap.Logger, backup, token string, members []DataDir) error {
	var initial []string
	for _, m := range members {
		initial = append(initial, m.Name+"="+m.PeerURL)
	}
	for _, m := range members {
		if err := os.RemoveAll(m.Path); err != nil {
			return fmt.Errorf("restore member %s: %w", m.Name, err)
		}
		err := snapshot.NewV3(log).Restore(snapshot.RestoreConfig{
			SnapshotPath: backup, Name: m.Name, OutputDataDir: m.Path, PeerURLs: []string{m.PeerURL},
			InitialCluster: strings.Join(initial, ","), InitialClusterToken: token, InitialMmapSize: initialMap,
		})
		if err != nil {
			return fmt.Errorf("restore member %s: %w", m.Name, err)
		}
	}
	return nil
}
