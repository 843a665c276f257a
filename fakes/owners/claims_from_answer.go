package owners

import "github.com/stormwatch/stormwatch/harness"

// claimsFromAnswer counts the lease from the arrival of the answer.
func claimsFromAnswer() harness.Candidate {
	return spoiled("claims-from-answer",
		"Counts its lease from the arrival of the answer to a renewal, as clientv3 does, and not from the sending: too long by the way of the answer.",
		traits{fromAnswer: true})
}
