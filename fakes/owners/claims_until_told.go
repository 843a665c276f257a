package owners

import "github.com/stormwatch/stormwatch/harness"

// claimsUntilTold claims until an answer says that the lease is gone.
func claimsUntilTold() harness.Candidate {
	return spoiled("claims-until-told",
		"Gives up only when a member tells it that its lease is gone, so never while no member answers.",
		traits{untilTold: true})
}
