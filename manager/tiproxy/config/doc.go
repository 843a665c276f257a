// Package config makes a manager follow TiProxy's configuration file.
//
// The clusters are in a list. If the list is empty, the older key proxy.pd-addrs means one cluster named "default". If both
// are missing, there are no clusters, which is allowed, since they may be added later:
//
//	[[proxy.backend-clusters]]
//	name = "alpha"
//	pd-addrs = "pd-0.alpha:2379,pd-1.alpha:2379"
//	ns-servers = ["10.0.0.10"]            # optional: the name servers of this cluster
//	cluster-tls = { ca = "alpha-ca.pem" } # optional: ca, cert, key; default: [security.cluster-tls]
//
// A [Watcher] reads the file whenever it changes, and a manager applies the targets:
//
//	updates := make(chan []manager.Target)
//	watcher := config.Watcher{File: path, Report: report}
//	group.Go(func() error { return watcher.Run(ctx, updates) })
//	group.Go(func() error { return m.Follow(ctx, updates, report) })
//
// If the file is wrong, the Watcher delivers nothing, so that the previous configuration stays in force, and reports
// everything that is wrong in it, with file, line and cluster.
package config
