package streams

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// How often an upload says how far it is.
const (
	tellEvery = 5 * time.Second
	megabyte  = 1 << 20
)

// upload sends a bundle as it is read from its file, and hashes it on the way. Where the plan knows its hash, another one
// keeps the upload from coming to its end, so that the server never gets a whole bundle that is not the plan's.
func (s *Session) upload(ctx context.Context, env providers.Env, i rest.Instance, name string) (string, error) {
	f, err := env.Open(name)
	if err != nil {
		return "", fmt.Errorf("read the bundle %s: %w", name, err)
	}
	defer f.Close()
	want := ""
	if env.Digest != nil {
		want = env.Digest(name)
	}
	r := &watchedFile{File: f, hash: sha256.New(), want: want, name: name, tell: func(text string) {
		if env.Note != nil {
			env.Note(s.target, text)
		}
	}}
	r.began = time.Now()
	r.told = r.began
	id, err := s.client.UploadBundle(ctx, i, io.NopCloser(r), f.Size())
	if r.wrong != nil {
		return "", r.wrong // why the request was broken off
	}
	if err != nil {
		return "", err
	}
	if r.spoke {
		r.tell(fmt.Sprintf("%s is uploaded: %d MiB in %s", name, r.done/megabyte, time.Since(r.began).Round(time.Second/10)))
	}
	return id, nil
}

// watchedFile is a file being uploaded.
type watchedFile struct {
	providers.File
	hash        hash.Hash
	want, name  string
	done        int64
	began, told time.Time
	spoke       bool
	tell        func(text string)
	wrong       error
}

// Read gives out the last bytes only once all of them are known to be right.
func (w *watchedFile) Read(b []byte) (int, error) {
	n, err := w.File.Read(b)
	w.hash.Write(b[:n])
	w.done += int64(n)
	if w.check(err); w.wrong != nil {
		return 0, w.wrong
	}
	if now := time.Now(); now.Sub(w.told) >= tellEvery && w.done < w.Size() {
		w.told, w.spoke = now, true
		w.tell(fmt.Sprintf("uploading %s: %d of %d MiB", w.name, w.done/megabyte, w.Size()/megabyte))
	}
	return n, err
}

// check finds what is wrong with what has been read so far.
func (w *watchedFile) check(err error) {
	longer := w.done > w.Size()
	if w.done == w.Size() && err == nil {
		n, _ := w.File.Read(make([]byte, 1))
		longer = n > 0
	}
	if longer || w.done < w.Size() && errors.Is(err, io.EOF) {
		w.wrong = fmt.Errorf("upload the bundle %s: it had %d bytes when it was opened, and its length changes while it is read; wait until it is built", w.name, w.Size())
		return
	}
	if w.done < w.Size() || w.want == "" {
		return
	}
	if got := hex.EncodeToString(w.hash.Sum(nil)); got != w.want {
		w.wrong = fmt.Errorf("upload the bundle %s: it has changed since the plan was made: sha256 was %s and is %s now; make the plan again and look at it", w.name, w.want, got)
	}
}
