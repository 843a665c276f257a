package schedule

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestACorpusIsRunFileByFile(t *testing.T) {
	files := fstest.MapFS{
		"b.txt":        {Data: []byte("manager naive\ncluster alpha 1\n5s Compact(alpha)\n")},
		"a.txt":        {Data: []byte("# the story\ncluster alpha 3\n5s Compact(alpha)\n")},
		"README.md":    {Data: []byte("no schedule")},
		"caught/c.txt": {Data: []byte("no schedule")},
	}
	var ran []string
	Corpus(t, files, func(t *testing.T, s Schedule) { ran = append(ran, t.Name()+": "+s.Line()) })
	require.Equal(t, []string{
		"TestACorpusIsRunFileByFile/a: cluster alpha 3; watch alpha/leader; 5s Compact(alpha)",
		"TestACorpusIsRunFileByFile/b: cluster alpha 1; watch alpha/leader; 5s Compact(alpha)",
	}, ran)
}
