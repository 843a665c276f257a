package schedule

import (
	"io/fs"
	"strings"
	"testing"
)

// Corpus runs a subtest for each schedule of a corpus: a folder of files whose names end in .txt, each a schedule that failed once. The subtests have the names of
// the files without their ending, and run in the order of the names. A file that is no schedule fails its subtest; a folder without a file fails t.
//
//	//go:embed corpus/*.txt
//	var corpus embed.FS
//
//	func TestWhatFailedOnceDoesNotFailAgain(t *testing.T) {
//		files, _ := fs.Sub(corpus, "corpus")
//		schedule.Corpus(t, files, func(t *testing.T, s schedule.Schedule) {
//			harness.Run(t, virtual.New(t, s.Run.Seed), s.Scenario("corpus"), mine(), harness.Options{Seed: s.Run.Seed, Workload: s.Run.Workload})
//		})
//	}
func Corpus(t *testing.T, files fs.FS, run func(t *testing.T, s Schedule)) {
	t.Helper()
	names, err := fs.Glob(files, "*.txt") // sorted
	switch {
	case err != nil:
		t.Fatalf("read the corpus: %v", err)
	case len(names) == 0:
		t.Fatal("the corpus has no file whose name ends in .txt")
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(name, ".txt"), func(t *testing.T) {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatalf("read the corpus: %v", err)
			}
			s, err := Parse(string(text))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			run(t, s)
		})
	}
}
