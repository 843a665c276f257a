package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const lines = `{"scenario":"calm","manager":"good","outcome":"passed","killed_by":null}
{"scenario":"calm","manager":"stale","outcome":"passed","killed_by":null,"verdicts":[]}
{"scenario":"hang","manager":"good","outcome":"passed","killed_by":null}
{"scenario":"hang","manager":"stale","outcome":"failed","killed_by":"freshness"}
`

var managers = []Manager{{Name: "good", Summary: "No mistake."}, {Name: "stale", Summary: "Forgets to look.", Caught: "freshness"}}

func TestAMatrixIsReadInItsOrder(t *testing.T) {
	m, err := ReadMatrix(strings.NewReader(lines))
	require.NoError(t, err)
	require.Equal(t, []string{"calm", "hang"}, m.Scenarios)
	require.Equal(t, []string{"good", "stale"}, m.Managers)
	c, ok := m.Cell("hang", "stale")
	require.True(t, ok)
	require.Equal(t, Cell{Scenario: "hang", Manager: "stale", Outcome: "failed", KilledBy: "freshness"}, c)
}

func TestAMatrixThatIsNotWholeIsRefused(t *testing.T) {
	for says, text := range map[string]string{
		"hang with stale is missing": lines[:strings.LastIndex(strings.TrimSpace(lines), "\n")+1],
		"names no scenario":          `{"manager":"good","outcome":"passed"}`,
		"read the results":           lines + "{",
	} {
		_, err := ReadMatrix(strings.NewReader(text))
		require.ErrorContains(t, err, says)
	}
}

func TestATableSaysByWhatAndWhereAManagerIsCaught(t *testing.T) {
	m, err := ReadMatrix(strings.NewReader(lines))
	require.NoError(t, err)
	var table strings.Builder
	m.ManagersTable(&table, managers)
	require.Contains(t, table.String(), "| `stale` | Forgets to look. | freshness | `hang` | - |\n")
	require.NotContains(t, table.String(), "good")
	managers := append(managers[:1:1], Manager{Name: "stale", Summary: "Forgets to look.", Caught: "leaks"})
	table.Reset()
	m.ManagersTable(&table, managers)
	require.Contains(t, table.String(), "| leaks | - | 1 |\n")
}

func TestAScenarioNamesThoseThatPassAndThoseThatAreCaught(t *testing.T) {
	m, err := ReadMatrix(strings.NewReader(lines))
	require.NoError(t, err)
	var text strings.Builder
	m.Scenario(&text, "hang", managers)
	require.Contains(t, text.String(), "passed: `good`.\n")
	require.Contains(t, text.String(), "- `stale`, by *freshness*. Forgets to look.\n")
	text.Reset()
	m.Scenario(&text, "calm", managers)
	require.NotContains(t, text.String(), "stale")
	text.Reset()
	m.Scenario(&text, "hang", []Manager{{Name: "stale", Caught: "leaks"}})
	require.Contains(t, text.String(), "Caught by another oracle: `stale` (freshness).\n")
}

func TestALongListOfScenariosIsShortened(t *testing.T) {
	require.Equal(t, "`a`, `b`, `c` and 2 more", few([]string{"a", "b", "c", "d", "e"}))
	require.Equal(t, "`a`, `b`, `c`", few([]string{"a", "b", "c"}))
	require.Equal(t, "-", few(nil))
}
