package owners

import "github.com/stormwatch/stormwatch/harness"

// keepsClaimAfterSession goes on claiming when its session has ended.
func keepsClaimAfterSession() harness.Candidate {
	return spoiled("keeps-claim-after-session",
		"Notices in time that its session has ended, begins another, and claims the thing all the while: it never said that it gave it up.",
		traits{afterSession: true})
}
