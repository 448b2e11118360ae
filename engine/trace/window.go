package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// window is the part of a file that is looked at. It reads ahead as far as it is asked to, and no further back.
type window struct {
	in   io.Reader
	buf  []byte
	b    []byte // from the current place on
	at   int64  // the current place
	over bool   // nothing more can be read
	err  error  // why, unless the file ends
}

// chunk is how much is read at once, at least.
const chunk = 64 << 10

// ahead returns n bytes from the current place on; fewer at the end of the file.
func (w *window) ahead(n int) []byte {
	for len(w.b) < n && !w.over {
		if cap(w.b)-len(w.b) < chunk {
			if 2*len(w.b)+chunk > cap(w.buf) { // grows with what there is, not with what is claimed
				w.buf = make([]byte, 4*(len(w.b)+chunk))
			}
			w.b = w.buf[:copy(w.buf, w.b)]
		}
		got, err := w.in.Read(w.b[len(w.b):cap(w.b)])
		w.b = w.b[:len(w.b)+got]
		if err != nil {
			w.over = true
			if !errors.Is(err, io.EOF) {
				w.err = err
			}
		}
	}
	return w.b[:min(n, len(w.b))]
}

func (w *window) skip(n int) {
	w.b = w.b[n:]
	w.at += int64(n)
}

// block is the one that begins at the current place. Its content is there until the window is asked to look ahead again.
type block struct {
	flags   byte
	content []byte
	size    int   // with its header
	wrong   error // why it is none
	torn    bool  // the file ends before it does
}

func (w *window) block() block {
	head := w.ahead(headerBytes)
	if len(head) < headerBytes {
		return block{wrong: errors.New("a block is cut off"), torn: true}
	}
	length, sum := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
	out := block{flags: head[8], size: headerBytes + int(length)}
	if length == 0 || length > maxBlock {
		return block{wrong: fmt.Errorf("a block claims to be %d bytes long", length)}
	}
	all := w.ahead(out.size)
	if len(all) < out.size {
		out.wrong, out.torn = errors.New("a block is cut off"), true
		return out
	}
	out.content = all[headerBytes:]
	if crc32.Checksum(all[headerBytes-1:], castagnoli) != sum { // flags and content
		out.wrong = errors.New("a checksum does not fit")
	}
	return out
}

// What is spent on checksums while the next block is looked for, in bytes: enough for any file that a run has written,
// and no more than in proportion to what is searched of one that somebody has made up.
const (
	searchLeast   = 4 * maxBlock
	searchPerByte = 4096
)

// search goes to the next whole block after the current place. It is false at the end of the file.
func (w *window) search() bool {
	left := int64(searchLeast)
	for len(w.b) > 0 {
		w.skip(1)
		left += searchPerByte
		b := w.ahead(headerBytes + 1)
		if len(b) <= headerBytes {
			return false
		}
		length := int64(binary.LittleEndian.Uint32(b))
		if length > maxBlock || length > left || !begins(b[8], b[headerBytes]) {
			continue
		}
		got := w.block()
		if got.wrong == nil {
			return true
		}
		if !got.torn {
			left -= length
		}
	}
	return false
}

// begins reports whether a block with these flags can begin with a record that begins like this.
func begins(flags, record byte) bool {
	tag := record & (1<<tagBits - 1)
	if flags == keyBlock { // nothing is numbered yet
		return tag == tagSignal || tag == tagText
	}
	return flags == 0 && tag >= tagSignal && tag <= tagEvidence
}
