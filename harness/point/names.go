package point

import (
	"slices"
	"strings"
)

// kinds are the kinds of decisions that each fault point supports. Peer points are listed without their peer.
var kinds = map[Name][]Kind{
	WALSave:          {Delay, Hang},
	Apply:            {Delay, Hang},
	ClientAccept:     {Drop, Delay, Hang, Refuse, Reset},
	ClientRead:       {Drop, Delay, Hang, Reset},
	ClientWrite:      {Drop, Delay, Hang, Reset},
	ProgressRequest:  {Drop, Delay, Hang},
	ProgressResponse: {Drop, Delay, Hang},
	WatchEvent:       {Drop, Delay, Hang},
	peerSend:         {Drop, Delay, Hang, Reset},
	peerRecv:         {Drop, Delay, Hang, Reset},
}

// Kinds are the kinds of decisions that the point supports; none if there is no point of this name.
func (n Name) Kinds() []Kind {
	base, peer, _ := strings.Cut(string(n), "/")
	if (base == peerSend || base == peerRecv) != (peer != "") {
		return nil
	}
	return slices.Clone(kinds[Name(base)])
}

// NamesOf are all fault points of a member with these peers, sorted.
func NamesOf(peers []string) []Name {
	var all []Name
	for n := range kinds {
		if n != peerSend && n != peerRecv {
			all = append(all, n)
		}
	}
	for _, p := range peers {
		all = append(all, PeerSend(p), PeerRecv(p))
	}
	slices.Sort(all)
	return all
}
