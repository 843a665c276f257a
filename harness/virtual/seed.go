package virtual

import (
	cryptorand "crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand"
	randv2 "math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
)

// seedRandomness makes what raft draws from crypto/rand follow the seed, until restore is called or the test ends. A program that is
// no test has its own way, since package cryptotest refuses it: raft draws from the package's reader.
func seedRandomness(t *testing.T, seed uint64) (restore func()) {
	if testing.Testing() {
		cryptotest.SetGlobalRandom(t, seed)
		return func() {}
	}
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	before := cryptorand.Reader
	cryptorand.Reader = &lockedReader{source: randv2.NewChaCha8(key)}
	return func() { cryptorand.Reader = before }
}

// lockedReader is a source that several goroutines may read.
type lockedReader struct {
	mu     sync.Mutex
	source io.Reader
}

func (r *lockedReader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(b)
}

// seedFailpoints makes failpoint's draws (of "30%return(true)") follow the seed. failpoint draws from the source of math/rand's
// own functions, and seeding that has been without effect since Go 1.24 unless the setting randseednop is 0, which the runtime
// takes note of when the environment changes. Whatever else in the process draws from that source follows the seed too.
func seedFailpoints(seed uint64) error {
	const debug = "GODEBUG"
	before, was := os.LookupEnv(debug)
	if err := os.Setenv(debug, strings.Trim(before+",randseednop=0", ",")); err != nil {
		return fmt.Errorf("seed failpoint's draws: %w", err)
	}
	//lint:ignore SA1019 There is no other way to reach the source that failpoint draws from.
	rand.Seed(int64(seed))
	if was {
		return os.Setenv(debug, before)
	}
	return os.Unsetenv(debug)
}
