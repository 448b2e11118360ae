package value

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
)

// Mask stands in place of a secret in all output.
const Mask = "(sensitive)"

// minSecret is how long a text must be, in bytes, to be looked for. A shorter one cannot be told from ordinary
// text, and protects nothing.
const minSecret = 3

// A Redactor takes secrets out of everything that is written. It knows them as they are, and in their Base64
// (also with something before them, as in HTTP Basic authentication), URL-encoded, JSON-, Go-, shell- and
// HTML-quoted forms; of secrets with several lines also the single lines. It is safe for concurrent use, and
// its zero value knows no secrets.
type Redactor struct {
	mu    sync.RWMutex
	known map[string]bool
	tree  trie
}

// NewRedactor returns a Redactor that knows some secrets.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{}
	r.Add(secrets...)
	return r
}

// Add makes secrets known. Writers that were made before take note.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[string]bool{}
	}
	changed := false
	for _, s := range secrets {
		if !r.known[s] && len(s) >= minSecret {
			r.known[s], changed = true, true
		}
	}
	if !changed {
		return
	}
	var t trie
	for _, s := range sortedKeys(r.known) {
		for _, f := range forms(s) {
			t.add(f)
		}
	}
	r.tree = t
}

func (r *Redactor) current() trie {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.tree
}

// String returns s without secrets.
func (r *Redactor) String(s string) string {
	t := r.current()
	if !t.mayMatch(s) {
		return s
	}
	var b strings.Builder
	t.redact(&b, []byte(s), whole)
	return b.String()
}

// JSON returns a JSON text without secrets that is still JSON: a number or word that is a secret becomes a
// string. What is not JSON is treated as text.
func (r *Redactor) JSON(raw []byte) []byte {
	t := r.current()
	if !json.Valid(raw) {
		return []byte(r.String(string(raw)))
	}
	var out bytes.Buffer
	for i := 0; i < len(raw); {
		j := i + 1
		switch c := raw[i]; {
		case c == '"':
			for raw[j] != '"' {
				if raw[j] == '\\' {
					j++
				}
				j++
			}
			j++
			r.jsonString(t, &out, raw[i:j])
		case c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z':
			for j < len(raw) && strings.IndexByte(" \t\r\n,]}:", raw[j]) < 0 {
				j++
			}
			if word := string(raw[i:j]); r.String(word) != word {
				out.WriteString(`"` + Mask + `"`)
			} else {
				out.Write(raw[i:j])
			}
		default:
			out.WriteByte(c)
		}
		i = j
	}
	return out.Bytes()
}

// jsonString redacts one string of JSON, first as it means, then as it is written.
func (r *Redactor) jsonString(t trie, out *bytes.Buffer, lit []byte) {
	var s string
	if err := json.Unmarshal(lit, &s); err == nil && t.mayMatch(s) {
		if red := r.String(s); red != s {
			if enc, err := json.Marshal(red); err == nil {
				lit = enc
			}
		}
	}
	inner := string(lit[1 : len(lit)-1])
	out.WriteString(`"` + r.String(inner) + `"`)
}

// Writer returns a writer that passes on to w what is written to it, without secrets, also where a secret comes
// in several pieces. It keeps back what may be the beginning of a secret until more comes; Flush ends that. The
// writer is safe for concurrent use.
func (r *Redactor) Writer(w io.Writer) *RedactingWriter { return &RedactingWriter{r: r, w: w} }

// A RedactingWriter is what Redactor.Writer returns.
type RedactingWriter struct {
	r    *Redactor
	mu   sync.Mutex
	w    io.Writer
	held []byte
}

// Write passes p on, without secrets.
func (w *RedactingWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.r.current()
	buf := append(w.held, p...)
	var out bytes.Buffer
	n := t.redact(&out, buf, more)
	w.held = slices.Clone(buf[n:])
	if out.Len() > 0 {
		if _, err := w.w.Write(out.Bytes()); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Flush writes what was kept back. If that is half of a secret or more, it is masked like a whole one.
func (w *RedactingWriter) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.held) == 0 {
		return nil
	}
	var out bytes.Buffer
	t := w.r.current()
	t.redact(&out, w.held, cut)
	w.held = nil
	_, err := w.w.Write(out.Bytes())
	return err
}
