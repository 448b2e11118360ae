package streams

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// made is a file of zeros that is never in memory, and may take its time or have another length than it says.
type made struct {
	size, left int64
	pause      time.Duration
	live       atomic.Int64 // bytes in use when the last byte was read
}

func (m *made) Size() int64                       { return m.size }
func (m *made) Close() error                      { return nil }
func (m *made) ReadAt([]byte, int64) (int, error) { return 0, errors.ErrUnsupported }
func (m *made) Read(b []byte) (int, error) {
	if m.left == 0 {
		return 0, io.EOF
	}
	if m.pause > 0 {
		time.Sleep(m.pause)
	}
	n := int(min(int64(len(b)), m.left))
	clear(b[:n])
	if m.left -= int64(n); m.left == 0 {
		m.live.Store(inUse())
	}
	return n, nil
}

// inUse is how many bytes of memory are in use.
func inUse() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

func zeros(n int64) string {
	h := sha256.New()
	_, _ = io.Copy(h, &made{size: n, left: n})
	return hex.EncodeToString(h.Sum(nil))
}

func TestABundleIsSentAsItIsReadAndHashedOnTheWay(t *testing.T) {
	const size = 64 << 20
	for name, tc := range map[string]struct {
		file   *made
		digest string
		want   string // the beginning of an error
	}{
		"as it was":             {&made{size: size, left: size}, zeros(size), ""},
		"nobody knows":          {&made{size: size, left: size}, "", ""},
		"it has changed":        {&made{size: size, left: size}, zeros(size - 1), "upload the bundle o.sab: it has changed since the plan was made: sha256 was "},
		"it has become shorter": {&made{size: size, left: size - 1}, "", "upload the bundle o.sab: it had 67108864 bytes when it was opened"},
		"it has become longer":  {&made{size: size, left: size + 1}, "", "upload the bundle o.sab: it had 67108864 bytes when it was opened"},
		"nothing is in it":      {&made{}, zeros(0), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got atomic.Int64
			var whole atomic.Bool
			srv := &server{status: "running"}
			srv.more = map[string]http.HandlerFunc{"POST /streams/instances/i/applicationbundles": func(w http.ResponseWriter, r *http.Request) {
				n, err := io.Copy(io.Discard, r.Body)
				got.Store(n)
				whole.Store(err == nil)
				if r.ContentLength != tc.file.size || r.Header.Get("Content-Type") != "application/x-jar" {
					t.Errorf("%d bytes of %s are announced", r.ContentLength, r.Header.Get("Content-Type"))
				}
				serveText(`{"bundleId":"bundleId:7"}`)(w, r)
			}}
			on(t, srv, func(t *testing.T, env providers.Env, s *Session) {
				env.OpenFile = func(string) (providers.File, error) { return tc.file, nil }
				env.Digest = func(name string) string {
					if name != "o.sab" {
						t.Errorf("the digest of %s is asked for", name)
					}
					return tc.digest
				}
				i, err := s.inst(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				before := inUse()
				id, err := s.upload(t.Context(), env, i, "o.sab")
				time.Sleep(time.Second) // the server waits half a second before it closes a request that was broken off
				if n := tc.file.live.Load() - before; n > size/2 {
					t.Errorf("%d bytes of memory were in use for %d", n, size)
				}
				if tc.want == "" {
					if err != nil || id != "bundleId:7" || got.Load() != tc.file.size || !whole.Load() {
						t.Errorf("got %q, %v; the server got %d bytes", id, err, got.Load())
					}
					return
				}
				if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
					t.Errorf("it says %v, want %q", err, tc.want)
				}
				if whole.Load() {
					t.Error("the server has a whole bundle that is not the plan's")
				}
			})
		})
	}
}

func TestALongUploadSaysHowFarItIsAndMayTakeItsTime(t *testing.T) {
	srv := &server{status: "running"}
	srv.more = map[string]http.HandlerFunc{"POST /streams/instances/i/applicationbundles": func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		serveText(`{"bundleId":"bundleId:7"}`)(w, r)
	}}
	on(t, srv, func(t *testing.T, env providers.Env, s *Session) {
		const size = 100 << 20
		env.OpenFile = func(string) (providers.File, error) {
			return &made{size: size, left: size, pause: 130 * time.Millisecond}, nil // of 32 KiB or so: slower than five minutes
		}
		var said []string
		env.Note = func(subject, text string) { said = append(said, subject+": "+text) }
		i, err := s.inst(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = s.upload(t.Context(), env, i, "o.sab")
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		if took < 5*time.Minute {
			t.Errorf("it took %s, which proves nothing", took)
		}
		if n := len(said); n < int(took/tellEvery)-1 || n > int(took/tellEvery)+2 {
			t.Errorf("in %s it said %d things", took, n)
		}
		if !strings.HasPrefix(said[0], "dc1: uploading o.sab: ") || !strings.HasPrefix(said[len(said)-1], "dc1: o.sab is uploaded: 100 MiB in ") {
			t.Errorf("it said %q and %q", said[0], said[len(said)-1])
		}
	})
}

func TestASmallBundleIsReadFromMemory(t *testing.T) {
	var got []byte
	srv := &server{status: "running"}
	srv.more = map[string]http.HandlerFunc{"POST /streams/instances/i/applicationbundles": func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		serveText(`{"bundleId":"bundleId:7"}`)(w, r)
	}}
	on(t, srv, func(t *testing.T, env providers.Env, s *Session) {
		i, err := s.inst(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.upload(t.Context(), env, i, "o.sab"); err != nil || !bytes.Equal(got, []byte("PK")) {
			t.Errorf("the server got %q, %v", got, err)
		}
		env.ReadFile = func(name string) ([]byte, error) { return nil, fmt.Errorf("no file %s", name) }
		if _, err := s.upload(t.Context(), env, i, "o.sab"); err == nil || err.Error() != "read the bundle o.sab: no file o.sab" {
			t.Errorf("it says %v", err)
		}
	})
}
