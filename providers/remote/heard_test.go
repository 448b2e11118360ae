package remote

import (
	"errors"
	"io"
	"net"
	"testing"
)

// Between the end of its reader and that of its writer x/crypto's mux would take a request that nothing can answer.
func TestAConnectionTakesNothingOnceNothingCanComeAnyMore(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	h := &heard{Conn: near}
	go func() {
		_, _ = far.Write([]byte("SSH-2.0-x\r\n"))
		_ = far.Close()
	}()
	if b, err := io.ReadAll(h); err != nil || string(b) != "SSH-2.0-x\r\n" {
		t.Fatalf("read %q, %v", b, err)
	}
	if _, err := h.Write([]byte("open")); !errors.Is(err, io.EOF) {
		t.Errorf("a write after the end: %v", err)
	}
}

func TestAVersionOtherThanTwoIsKnownByItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"SSH-1.5-old\r\n":              "SSH-1.5-old",
		"hello\r\nSSH-1.5-old\r\n":     "SSH-1.5-old",
		"SSH-1.5":                      "", // not whole
		"SSH-2.0-OpenSSH_9.2\r\n":      "",
		"SSH-1.99-OpenSSH_3.9\r\n":     "",
		"HTTP/1.1 400 Bad Request\r\n": "",
		"SSH-1.5-\x1b[31mred\n":        printable("SSH-1.5-\x1b[31mred", maxHeard),
	} {
		if got := (&heard{first: []byte(text)}).oldVersion(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
