package wire

import "encoding/binary"

// preface is what a client of HTTP/2 sends before its first frame (RFC 9113, section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// The kinds of frames that matter here, a flag, and an error code (RFC 9113, sections 6 and 7).
const (
	dataFrame     = 0x0
	headersFrame  = 0x1
	resetFrame    = 0x3
	settingsFrame = 0x4
	goAwayFrame   = 0x7

	endStream       = 0x1
	enhanceYourCalm = 0xb
)

// frame is the header of a frame. code is the error code of a GOAWAY frame.
type frame struct {
	kind, flags byte
	stream      uint32
	code        uint32
}

// scanner finds the frames in one direction of a connection. If the first frame is not the SETTINGS frame with which each side must begin, the
// connection is encrypted or not HTTP/2, and the scanner finds nothing in it.
type scanner struct {
	frame func(frame)

	skip  int // how many bytes come before the next header
	begun bool
	off   bool
	part  []byte // the part of a header, or of a GOAWAY frame, that has arrived
}

const (
	headerLength = 9
	goAwayLength = headerLength + 8 // up to the error code
)

// scan takes the next piece of the stream.
func (s *scanner) scan(b []byte) {
	for len(b) > 0 && !s.off {
		if s.skip > 0 {
			n := min(s.skip, len(b))
			s.skip -= n
			b = b[n:]
			continue
		}
		want := headerLength
		if len(s.part) >= headerLength {
			want = goAwayLength
		}
		n := min(want-len(s.part), len(b))
		s.part = append(s.part, b[:n]...)
		b = b[n:]
		if len(s.part) == want {
			s.header()
		}
	}
}

// header takes a complete header, or the beginning of a complete GOAWAY frame.
func (s *scanner) header() {
	f := frame{kind: s.part[3], flags: s.part[4], stream: binary.BigEndian.Uint32(s.part[5:]) &^ (1 << 31)}
	length := int(s.part[0])<<16 | int(s.part[1])<<8 | int(s.part[2])
	if !s.begun {
		s.begun = true
		if s.off = f.kind != settingsFrame || f.stream != 0; s.off {
			return
		}
	}
	if f.kind == goAwayFrame && length >= goAwayLength-headerLength {
		if len(s.part) < goAwayLength {
			return // the error code is still to come
		}
		f.code = binary.BigEndian.Uint32(s.part[headerLength+4:])
		length -= goAwayLength - headerLength
	}
	s.skip, s.part = length, s.part[:0]
	s.frame(f)
}
