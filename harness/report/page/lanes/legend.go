package lanes

// Key explains one thing that pictures show: Class is its class in the style sheet of a page, Words is what it means.
type Key struct{ Class, Words string }

// Legend explains what pictures show, in the order in which they show it.
func Legend() []Key {
	return []Key{
		{"leads", "leads: a majority follows it"},
		{"believes", "still believes that it leads"},
		{"follows", "follows"},
		{"down", "down"},
		{"hurt", "a fault on a member, named on it"},
		{"watch", "a watch of the manager is on this member"},
		{"excused", "any staleness is allowed, to recover"},
		{"allowed", "allowed staleness"},
		{"over", "staler than allowed"},
	}
}
