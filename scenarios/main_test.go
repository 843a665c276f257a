package scenarios_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
)

// Runs by the wall clock mostly wait, so that more of them fit side by side than there are processors.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", fmt.Sprint(2*runtime.GOMAXPROCS(0))); err != nil { // -parallel, read later, wins
		panic(err)
	}
	os.Exit(m.Run())
}
