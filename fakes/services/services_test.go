package services_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes/services"
	"github.com/stormwatch/stormwatch/harness"
)

func TestEachKeyBelowThePrefixIsAnInstance(t *testing.T) {
	require.Equal(t,
		harness.Facts{
			{Kind: services.Instance, Name: "orders/1"}:  "10.0.1.1:8080 since 1795000001",
			{Kind: services.Instance, Name: "billing/1"}: "10.0.2.1:8080 since 1795000002",
		},
		services.Workload().Facts(map[string]string{
			"/services/orders/1":  "10.0.1.1:8080 since 1795000001",
			"/services/billing/1": "10.0.2.1:8080 since 1795000002",
			"/services/empty/1":   "",
			"/owners/neighbour":   "not yours",
		}))
}
