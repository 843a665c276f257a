// Package config makes a manager follow TiProxy's configuration file.
//
// The clusters are in a list; the older single address means one cluster named "default" when the list is empty;
// neither means no clusters, which is legal, since they may come later:
//
//	[[proxy.backend-clusters]]
//	name = "alpha"
//	pd-addrs = "pd-0.alpha:2379,pd-1.alpha:2379"
//	ns-servers = ["10.0.0.10"]            # optional: who resolves the names of this cluster
//	cluster-tls = { ca = "alpha-ca.pem" } # optional: ca, cert, key; default: [security.cluster-tls]
//
// A [Watcher] reads the file whenever it changes, however it is changed, and a manager applies what it delivers:
//
//	updates := make(chan []manager.Target)
//	watcher := config.Watcher{File: path, Report: report}
//	group.Go(func() error { return watcher.Run(ctx, updates) })
//	group.Go(func() error { return m.Follow(ctx, updates, report) })
//
// A file that is wrong delivers nothing, so that the configuration before it stays in force, and is reported with
// everything that is wrong in it: file, line, cluster.
package config
