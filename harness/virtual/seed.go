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

// seedRandomness makes what raft draws from crypto/rand follow the seed, until restore is called or the test ends. Package cryptotest
// works in tests only, so in another program seedRandomness replaces crypto/rand's reader, from which raft draws.
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

// lockedReader makes a reader safe for concurrent use.
type lockedReader struct {
	mu     sync.Mutex
	source io.Reader
}

func (r *lockedReader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(b)
}

// seedFailpoints makes failpoint's probabilities ("30%return(true)") follow the seed. failpoint draws from the global source of
// math/rand. Since Go 1.24 rand.Seed has no effect on that source unless GODEBUG contains randseednop=0; the runtime notices the change of
// the environment. Everything else in the process that draws from that source follows the seed too.
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
