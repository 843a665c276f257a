package owners

import "github.com/stormwatch/stormwatch/harness"

// claimsWithoutWaiting claims as soon as its key stands.
func claimsWithoutWaiting() harness.Candidate {
	return spoiled("claims-without-waiting",
		"Takes its own key for the ownership, and does not look whether somebody else's is older.",
		traits{withoutWaiting: true})
}
