package guard

// A cluster that is restored from a backup goes back: it gives the revisions after the backup a second time, to other
// writes. A watch that resumes at a revision from before the restore is silent until the cluster has reached that revision
// again, and never learns what the restore has undone.
//
// A linearizable read shows it: it cannot be older than what was seen before it began. But one member may also have been
// restored by itself, or an address may lead to another cluster. So a watch begins the new history only when most members
// have answered so, one after another, and none has contradicted them.

// doubts are the members whose last linearizable read was of another history than a watch. Watch.mu guards it.
type doubts map[*member]bool

// doubt notes whether a linearizable read through m was of another history, and reports whether most members say so. If it was not, all doubts are
// dropped. The caller holds the watch's lock.
func (w *Watch) doubt(m *member, other bool) (believed bool) {
	if !other {
		clear(w.doubts)
		return false
	}
	w.doubts[m] = true
	return w.client.pool.most(w.doubts)
}

// outdated reports whether the reader has not read the history that its client has found.
func (w *Watch) outdated(p *position) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return p.history < w.client.pool.currentHistory()
}

// most reports whether most members are in the set. Members that count as lost are not asked.
func (p *pool) most(in doubts) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked, agreed := 0, 0
	for _, m := range p.members {
		if in[m] {
			agreed++
		}
		if in[m] || m.failures < lostAfter {
			asked++
		}
	}
	return 2*agreed > asked
}

// currentHistory is the number of the newest history that any watch of the client has found.
func (p *pool) currentHistory() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.history
}

// beginHistory notes that a watch in the given history has found another. It wakes all watches, which must read it too.
func (p *pool) beginHistory(after int) {
	p.mu.Lock()
	if p.history == after {
		p.history++
	}
	p.mu.Unlock()
	p.changes.notify()
}

// undoubted returns the member through which to probe while there are doubts: the one that was asked the longest ago, of
// those without doubt and not lost, watched or not; nil if there is none.
func (p *pool) undoubted(doubted doubts) *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found *member
	for _, m := range p.members {
		if !m.learner && !doubted[m] && m.failures < lostAfter && (found == nil || m.probedAt < found.probedAt) {
			found = m
		}
	}
	if found != nil {
		p.sequence++
		found.probedAt = p.sequence
	}
	return found
}

// restored is the error of a watch whose cluster was restored from a backup.
func (a *attachment) restored() error {
	return &OpError{Where: a.watch.where(a.member, a.begun), Op: "watch", Err: ErrRevisionWentBack}
}
