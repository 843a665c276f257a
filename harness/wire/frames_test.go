package wire

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
)

// scanned are the frames that a scanner finds in bytes that arrive in pieces of a size.
func scanned(t *testing.T, all []byte, skip, size int) (found []frame) {
	t.Helper()
	s := scanner{skip: skip, frame: func(f frame) { found = append(found, f) }}
	for len(all) > 0 {
		n := min(size, len(all))
		s.scan(all[:n])
		all = all[n:]
	}
	return found
}

// conversation is what a client or a server sends: the begin, a request on stream 1 with a body, its end, and a goodbye.
func conversation(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	f := http2.NewFramer(&b, nil)
	require.NoError(t, f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20}))
	require.NoError(t, f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte("headers"), EndHeaders: true}))
	require.NoError(t, f.WriteData(1, true, bytes.Repeat([]byte{7}, 1000)))
	require.NoError(t, f.WriteRSTStream(3, http2.ErrCodeCancel))
	require.NoError(t, f.WriteGoAway(5, http2.ErrCodeEnhanceYourCalm, []byte("too_many_pings")))
	require.NoError(t, f.WritePing(true, [8]byte{}))
	return b.Bytes()
}

func TestTheScannerFindsEachFrameHoweverTheBytesArrive(t *testing.T) {
	want := []frame{
		{kind: settingsFrame},
		{kind: headersFrame, flags: 0x4, stream: 1},
		{kind: dataFrame, flags: endStream, stream: 1},
		{kind: resetFrame, stream: 3},
		{kind: goAwayFrame, code: enhanceYourCalm},
		{kind: 0x6, flags: 0x1},
	}
	all := conversation(t)
	for _, size := range []int{1, 2, 7, 9, 10, 64, len(all)} {
		require.Equal(t, want, scanned(t, all, 0, size), "in pieces of %d", size)
		require.Equal(t, want, scanned(t, append([]byte(preface), all...), len(preface), size), "behind the preface, in pieces of %d", size)
	}
}

func TestTheScannerFindsNothingInWhatIsEncrypted(t *testing.T) {
	random := make([]byte, 4096)
	_, err := io.ReadFull(bytes.NewReader(append([]byte{0x16, 0x03, 0x03}, make([]byte, 4093)...)), random)
	require.NoError(t, err)
	require.Empty(t, scanned(t, append(random, conversation(t)...), 0, 100))
	wrongStream := append([]byte{}, conversation(t)...)
	wrongStream[8] = 1
	require.Empty(t, scanned(t, wrongStream, 0, 100))
}
