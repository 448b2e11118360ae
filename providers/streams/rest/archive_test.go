package rest_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// packed is a tar of files, name and text in turns.
func packed(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1])), Format: tar.FormatPAX}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAnArchiveIsReadAsItComes(t *testing.T) {
	plain := packed(t, "job_0/pe_1/a.log", "one\n", "job_0/pe_2/a.log", strings.Repeat("x", 1000)+"\n")
	for name, body := range map[string][]byte{"zipped": zipped(t, plain), "a tar alone": plain} {
		t.Run(name, func(t *testing.T) {
			h := api{"GET /a": func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Accept") != "application/x-compressed" {
					t.Errorf("it asks for %s", r.Header.Get("Accept"))
				}
				_, _ = w.Write(body)
			}}
			with(t, h, nil, func(t *testing.T, c *rest.Client) {
				got := map[string]int{}
				if err := c.ReadArchive(t.Context(), "read the logs", "/a", func(f rest.File) { got[f.Name] = len(f.Text) }); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(map[string]int{"job_0/pe_1/a.log": 4, "job_0/pe_2/a.log": 1001}, got); diff != "" {
					t.Error(diff)
				}
				err := c.ReadArchive(t.Context(), "read the logs", "/b", func(rest.File) {})
				if !rest.NotFound(err) {
					t.Errorf("of one that is not there it says %v", err)
				}
			})
		})
	}
}

func TestAnArchiveThatCannotBeReadSaysWhy(t *testing.T) {
	whole := zipped(t, packed(t, "a", strings.Repeat("line\n", 10_000)))
	var many []string
	for range 1100 {
		many = append(many, "a", "")
	}
	sparse := packed(t, "a", "") // a header that promises what nobody sends
	copy(sparse[124:136], "77777777777\x00")
	sum := 0
	copy(sparse[148:156], "        ")
	for _, c := range sparse[:512] {
		sum += int(c)
	}
	copy(sparse[148:156], []byte{byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
	for want, body := range map[string][]byte{
		"unexpected EOF":     whole[:len(whole)/2],
		"it is empty":        {},
		"invalid tar header": []byte(strings.Repeat("no archive ", 100)),
		"more than 1024":     zipped(t, packed(t, many...)),
		"more than 512 byte": packed(t, strings.Repeat("n", 600), ""),
		"more than 512 MiB":  sparse,
	} {
		t.Run(want, func(t *testing.T) {
			with(t, api{"GET /a": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }}, nil, func(t *testing.T, c *rest.Client) {
				err := c.ReadArchive(t.Context(), "read the logs", "/a", func(rest.File) {})
				contains(t, err, want, "read the logs at dc1", "cannot be read as an archive", "`source")
			})
		})
	}
	t.Run("it breaks off", func(t *testing.T) {
		with(t, api{"GET /a": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
			_, _ = w.Write(whole[:len(whole)/2])
		}}, nil, func(t *testing.T, c *rest.Client) {
			// It is the connection that is to blame.
			err := c.ReadArchive(t.Context(), "read the logs", "/a", func(rest.File) {})
			if f, ok := errors.AsType[*https.Failure](err); !ok || f.Kind != https.Half {
				t.Errorf("it says %v", err)
			}
		})
	})
}

// What expands without end is not read on, and of a long file the end is kept.
func TestAnArchiveIsBounded(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		z := gzip.NewWriter(w)
		tw := tar.NewWriter(z)
		_ = tw.WriteHeader(&tar.Header{Name: "long", Size: 20 << 20, Mode: 0o644})
		block := bytes.Repeat([]byte("0123456789abcdef"), 4096)
		for range 20 << 4 {
			_, _ = tw.Write(block)
		}
		for {
			if tw.WriteHeader(&tar.Header{Name: "more", Size: 8 << 20, Mode: 0o644}) != nil {
				return
			}
			for range 8 << 4 {
				if _, err := tw.Write(block); err != nil {
					return
				}
			}
		}
	}()
	var long rest.File
	n := 0
	err := rest.FilesWithin(r, 40<<20, func(f rest.File) {
		if n++; f.Name == "long" {
			long = rest.File{From: f.From, Text: f.Text[:16]}
			if len(f.Text) != 16<<20 {
				t.Errorf("%d bytes are kept", len(f.Text))
			}
		}
	})
	_ = r.Close()
	contains(t, err, "more than 40 MiB")
	if long.From != 4<<20 || string(long.Text) != "0123456789abcdef" || n > 3 {
		t.Errorf("of the long one %q is kept from %d, of %d files", long.Text, long.From, n)
	}
}

// FuzzFiles: whatever is sent, no file is larger than is kept, and there are no more than were announced.
func FuzzFiles(f *testing.F) {
	plain := packed(f, "job_0/pe_1/a.log", "one\n", "b", "")
	for _, b := range [][]byte{plain, zipped(f, plain), zipped(f, plain)[:40], plain[:700], {0x1f, 0x8b}, nil} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n := 0
		err := rest.Files(bytes.NewReader(body), func(f rest.File) {
			n++
			if len(f.Name) > 512 || len(f.Text) > 16<<20 || f.From < 0 || f.From > 0 && len(f.Text) != 16<<20 {
				t.Errorf("%d bytes of %q from %d", len(f.Text), f.Name, f.From)
			}
		})
		if n > 1024 || len(body) == 0 && err == nil {
			t.Errorf("%d files, %v", n, err)
		}
	})
}
