package scenarios_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
)

// Runs in real time mostly wait, so more of them can run in parallel than there are processors.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", fmt.Sprint(2*runtime.GOMAXPROCS(0))); err != nil { // the flag -parallel is parsed later and overrides this
		panic(err)
	}
	os.Exit(m.Run())
}
