package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

// The manifest of the nightly soak has only fields that Kubernetes knows. The test is here since this module has Kubernetes' types.
func TestTheSoakJobIsOneThatKubernetesKnows(t *testing.T) {
	text, err := os.ReadFile("../../deploy/soak-job.yaml")
	require.NoError(t, err)
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	var claim core.PersistentVolumeClaim
	var soak, merge batch.Job
	for _, into := range []any{&claim, &soak, &merge} {
		document, err := documents.Read()
		require.NoError(t, err)
		require.NoError(t, strict.UnmarshalStrict(document, into), "%s", document)
	}
	_, err = documents.Read()
	require.True(t, errors.Is(err, io.EOF))

	require.Equal(t, batch.IndexedCompletion, *soak.Spec.CompletionMode)
	require.Equal(t, *soak.Spec.Completions, *soak.Spec.Parallelism)
	require.LessOrEqual(t, *soak.Spec.MaxFailedIndexes, *soak.Spec.Completions)
	for _, job := range []batch.Job{soak, merge} {
		pod := job.Spec.Template.Spec
		require.Equal(t, core.RestartPolicyNever, pod.RestartPolicy, "backoffLimitPerIndex asks for it")
		require.Equal(t, claim.Name, pod.Volumes[0].PersistentVolumeClaim.ClaimName)
		for _, mount := range pod.Containers[0].VolumeMounts {
			names := []string{}
			for _, v := range pod.Volumes {
				names = append(names, v.Name)
			}
			require.Contains(t, names, mount.Name)
		}
	}
}
