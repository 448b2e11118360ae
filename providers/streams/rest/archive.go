package rest

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Limits of one archive of logs.
const (
	maxArchive  = 64 << 20  // as it is sent, in bytes
	maxExpanded = 512 << 20 // expanded, in bytes
	maxFiles    = 1024
	maxFileName = 512 // in bytes
)

// File is a file of an archive of logs.
type File struct {
	// Name is its path in the archive; it leads nowhere on this machine.
	Name string
	// From is where Text begins, in bytes: of a file of more than 16 MiB only the end is kept.
	From int64
	// Text is good until the next file is read.
	Text []byte
}

// ReadArchive reads an archive of logs (tar, mostly gzipped) as it comes and gives its files to each, one by one. Nothing is
// written to disk. Of an archive that cannot be read to its end, files may have been given before the error is returned.
func (c *Client) ReadArchive(ctx context.Context, doing, link string, each func(File)) error {
	var bad error
	r := call{doing: doing, method: http.MethodGet, link: link, limit: c.cfg.Timeout, accept: "application/x-compressed", most: maxArchive}
	r.take = func(body io.Reader) { bad = Files(body, each) }
	a, err := c.exchange(ctx, r)
	if err != nil || bad == nil {
		return err
	}
	e := &Error{Doing: doing, Target: c.cfg.Target, Method: r.method, URL: link, Status: a.Status, What: "the answer cannot be read as an archive of logs: " + bad.Error(), Err: bad}
	if u, err := c.Resolve(link); err == nil {
		e.URL = u.String()
	}
	e.Advice = "read the logs of single PEs instead (`source = \"trace\"` or \"console\")"
	return e
}

// tooMuch says that an archive expands to more than is read.
func tooMuch(most int64) error { return fmt.Errorf("it expands to more than %d MiB", most>>20) }

// Files reads a tar, gzipped or not, and gives its regular files to each in their order. It keeps no more than 16 MiB at a
// time; more than 1024 files, names of more than 512 bytes, and more than 512 MiB in all are errors.
func Files(r io.Reader, each func(File)) error { return files(r, maxExpanded, each) }

// files is Files with another bound of what it expands to, in bytes.
func files(r io.Reader, most int64, each func(File)) error {
	b := bufio.NewReader(r)
	in := &expanded{r: b, most: most}
	if magic, err := b.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return err
		}
		in.r = z
	}
	t := tar.NewReader(in)
	var kept []byte
	left := most
	for n := 0; ; n++ {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			if in.n == 0 {
				return errors.New("it is empty")
			}
			_, err = io.Copy(io.Discard, in) // to where it says whether it is whole
			return err
		case err != nil:
			return err
		case n >= maxFiles:
			return fmt.Errorf("it has more than %d files", maxFiles)
		case len(h.Name) > maxFileName:
			return fmt.Errorf("the name of a file in it has more than %d bytes", maxFileName)
		case h.Size > left: // of a sparse file, most may be nowhere in what was sent
			return tooMuch(most)
		case h.Typeflag != tar.TypeReg:
			continue
		}
		left -= h.Size
		from := max(h.Size-maxLog, 0)
		if _, err := io.CopyN(io.Discard, t, from); err != nil {
			return err
		}
		if kept, err = fill(kept[:0], t); err != nil {
			return err
		}
		each(File{Name: h.Name, From: from, Text: kept})
	}
}

// fill appends all that there is to a buffer that is used again.
func fill(to []byte, r io.Reader) ([]byte, error) {
	for {
		if len(to) == cap(to) {
			to = append(to, 0)[:len(to)]
		}
		n, err := r.Read(to[len(to):cap(to)])
		to = to[:len(to)+n]
		switch {
		case errors.Is(err, io.EOF):
			return to, nil
		case err != nil:
			return to, err
		}
	}
}

// expanded counts what an archive expands to.
type expanded struct {
	r       io.Reader
	n, most int64
}

func (e *expanded) Read(p []byte) (int, error) {
	if e.n > e.most {
		return 0, tooMuch(e.most)
	}
	n, err := e.r.Read(p)
	e.n += int64(n)
	return n, err
}
