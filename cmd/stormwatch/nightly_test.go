package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/stormwatch/stormwatch/harness/cli"
)

// workflow is what the tests read of .github/workflows/nightly.yaml.
type workflow struct {
	Env  map[string]string
	Jobs map[string]struct {
		Strategy struct {
			Matrix struct {
				Manager []string
				Shard   []int
			}
		}
		Steps []struct{ Run string }
	}
}

// manifest is what the tests read of a document in deploy/soak-job.yaml. The tests of examples/wild decode them into the types of Kubernetes.
type manifest struct {
	Kind string
	Spec struct {
		Completions int
		Template    struct {
			Spec struct {
				Containers []struct {
					Args []string
					Env  []struct{ Name, Value string }
				}
			}
		}
	}
}

func readWorkflow(t *testing.T) workflow {
	t.Helper()
	text, err := os.ReadFile("../../.github/workflows/nightly.yaml")
	require.NoError(t, err)
	var w workflow
	require.NoError(t, yaml.Unmarshal(text, &w))
	return w
}

func readManifests(t *testing.T) []manifest {
	t.Helper()
	text, err := os.ReadFile("../../deploy/soak-job.yaml")
	require.NoError(t, err)
	var list []manifest
	for from := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var m manifest
		err := from.Decode(&m)
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(t, err)
		list = append(list, m)
	}
}

// requireKnownCommands requires that the command of this repository knows every command and flag of a shell script, with the variables set. It
// returns the names of the commands that the script calls.
func requireKnownCommands(t *testing.T, script string, variables map[string]string) (called []string) {
	t.Helper()
	for line := range strings.Lines(script) {
		line, _, _ = strings.Cut(line, "||")
		line, _, _ = strings.Cut(line, ">>")
		words := strings.Fields(strings.ReplaceAll(line, `"`, ""))
		if len(words) < 2 || strings.TrimPrefix(words[0], "./") != "stormwatch" {
			continue
		}
		for i, word := range words {
			words[i] = os.Expand(word, func(name string) string {
				value, ok := variables[name]
				require.True(t, ok, "%s: nobody sets %s", line, name)
				return value
			})
		}
		var stdout, stderr bytes.Buffer
		// With --help the flags before it are read and nothing is done.
		code := cli.Execute(t.Context(), catalogue(), append(words[1:], "--help"), &stdout, &stderr)
		require.Zero(t, code, "%s: %s", line, stderr.String())
		require.Contains(t, stdout.String(), "stormwatch.test "+words[1]+" ")
		called = append(called, words[1])
	}
	return called
}

func managerNames() (list []string) {
	for _, m := range catalogue().Candidates {
		list = append(list, m.Name)
	}
	return list
}

func TestTheNightlyWorkflowCallsCommandsThatThereAre(t *testing.T) {
	w := readWorkflow(t)
	var called []string
	for _, job := range w.Jobs {
		for _, manager := range job.Strategy.Matrix.Manager {
			require.Contains(t, managerNames(), manager)
		}
		for _, step := range job.Steps {
			called = append(called, requireKnownCommands(t, step.Run, map[string]string{
				"MANAGER": "reference", "SHARD": "0", "SHARDS": w.Env["SHARDS"], "LENGTH": "4h", "GITHUB_STEP_SUMMARY": "summary.md",
			})...)
		}
	}
	require.ElementsMatch(t, []string{"soak", "merge"}, called)
	require.Equal(t, w.Jobs["soak"].Strategy.Matrix.Manager, w.Jobs["merge"].Strategy.Matrix.Manager, "each soak is merged")
}

func TestTheNightlyWorkflowRunsEveryShard(t *testing.T) {
	w := readWorkflow(t)
	shards := w.Jobs["soak"].Strategy.Matrix.Shard
	require.Equal(t, w.Env["SHARDS"], fmt.Sprint(len(shards)))
	for i, shard := range shards {
		require.Equal(t, i, shard)
	}
}

func TestTheKubernetesJobCallsCommandsThatThereAreAndRunsEveryShard(t *testing.T) {
	var called []string
	for _, m := range readManifests(t) {
		for _, container := range m.Spec.Template.Spec.Containers {
			variables := map[string]string{"JOB_COMPLETION_INDEX": "0"}
			for _, variable := range container.Env {
				variables[variable.Name] = variable.Value
			}
			for _, script := range container.Args {
				here := requireKnownCommands(t, script, variables)
				called = append(called, here...)
				if m.Spec.Completions > 0 {
					require.Equal(t, []string{"soak"}, here)
					require.Contains(t, script, fmt.Sprintf(`--shard "$JOB_COMPLETION_INDEX/%d"`, m.Spec.Completions))
				}
			}
		}
	}
	require.Equal(t, []string{"soak", "merge"}, called)
}
