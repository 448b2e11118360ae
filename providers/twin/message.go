package twin

import (
	"encoding/binary"
	"fmt"
)

// The kinds of messages (heartbeatMsgType).
const (
	messageHeartbeat uint32 = iota + 1
	messageSnapshot
	messageShutdown // orderly
	messageReturned // a snapshot on its way back to where it came from
)

// message is a HeartbeatMessageType tuple.
type message struct {
	kind       uint32
	count      uint64
	origin     string
	blob       []byte
	blobOrigin string
}

// encode writes the platform's native binary form: attributes in order, little endian, no padding.
func (m message) encode() []byte {
	b := binary.LittleEndian.AppendUint32(nil, m.kind)
	b = binary.LittleEndian.AppendUint64(b, m.count)
	b = appendText(b, m.origin)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(m.blob)))
	b = append(b, m.blob...)
	return appendText(b, m.blobOrigin)
}

// appendText writes a length of one byte, or 0x80 and four, and the bytes.
func appendText(b []byte, s string) []byte {
	if len(s) < 128 {
		b = append(b, byte(len(s)))
	} else {
		b = binary.LittleEndian.AppendUint32(append(b, 0x80), uint32(len(s)))
	}
	return append(b, s...)
}

// decodeMessage reads what encode writes. Lengths are checked against what is there.
func decodeMessage(b []byte) (message, error) {
	var m message
	if len(b) < 12 {
		return m, fmt.Errorf("message of %d bytes", len(b))
	}
	m.kind, m.count = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint64(b[4:])
	var err error
	rest := b[12:]
	if m.origin, rest, err = takeText(rest); err != nil {
		return m, err
	}
	if len(rest) < 8 {
		return m, fmt.Errorf("the snapshot's length is cut off")
	}
	n := binary.LittleEndian.Uint64(rest)
	rest = rest[8:]
	if n > uint64(len(rest)) {
		return m, fmt.Errorf("a snapshot of %d bytes in a message with %d left", n, len(rest))
	}
	m.blob, rest = rest[:n], rest[n:]
	m.blobOrigin, _, err = takeText(rest)
	return m, err
}

func takeText(b []byte) (string, []byte, error) {
	if len(b) == 0 {
		return "", nil, fmt.Errorf("a text is cut off")
	}
	n, rest := uint64(b[0]), b[1:]
	if b[0] == 0x80 {
		if len(rest) < 4 {
			return "", nil, fmt.Errorf("a text's length is cut off")
		}
		n, rest = uint64(binary.LittleEndian.Uint32(rest)), rest[4:]
	}
	if n > uint64(len(rest)) {
		return "", nil, fmt.Errorf("a text of %d bytes where %d are left", n, len(rest))
	}
	return string(rest[:n]), rest[n:], nil
}
