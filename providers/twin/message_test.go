package twin

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestAPlainHeartbeatIsTwentyFiveBytes(t *testing.T) {
	if got := len(message{kind: 1, count: 7, origin: "dc1"}.encode()); got != 25 {
		t.Errorf("got %d bytes, want 4 + 8 + 4 + 8 + 1", got)
	}
}

func TestMessagesReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := message{
			kind: rapid.Uint32().Draw(t, "kind"), count: rapid.Uint64().Draw(t, "count"), origin: rapid.String().Draw(t, "origin"),
			blob: rapid.SliceOf(rapid.Byte()).Draw(t, "blob"), blobOrigin: rapid.String().Draw(t, "blob origin"),
		}
		out, err := decodeMessage(in.encode())
		if err != nil {
			t.Fatal(err)
		}
		if out.kind != in.kind || out.count != in.count || out.origin != in.origin || !bytes.Equal(out.blob, in.blob) || out.blobOrigin != in.blobOrigin {
			t.Fatalf("got %+v, want %+v", out, in)
		}
	})
}

func FuzzDecodeMessage(f *testing.F) {
	f.Add(message{kind: 2, count: 1, origin: "dc1", blob: []byte("x"), blobOrigin: "0"}.encode())
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = decodeMessage(b) // it must not panic, nor take more than is there
	})
}
