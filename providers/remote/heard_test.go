package remote

import (
	"errors"
	"io"
	"net"
	"testing"
)

// After its reader has ended x/crypto's mux would take a request for a channel that nothing can answer.
func TestNoChannelIsAskedForOnceNothingCanComeAnyMore(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	h := &heard{Conn: near}
	asked := make(chan error)
	under := make(chan struct{})
	over := make(chan struct{})
	go func() {
		asked <- h.ask(func() error {
			close(under)
			<-over
			return nil
		})
	}()
	<-under
	go func() {
		_, _ = far.Write([]byte("SSH-2.0-x\r\n"))
		_ = far.Close()
	}()
	if b, err := io.ReadAll(h); err != nil || string(b) != "SSH-2.0-x\r\n" {
		t.Fatalf("read %q, %v", b, err)
	}
	close(over)
	if err := <-asked; err != nil {
		t.Errorf("what was under way: %v", err)
	}
	err := h.ask(func() error {
		t.Error("it was asked for")
		return nil
	})
	if !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
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
