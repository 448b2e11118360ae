package seed

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
)

// maxItem bounds one record of a file.
const maxItem = 1 << 20

// fileSource streams records from a file: JSON objects one a line, a JSON array of objects, or CSV with a line of
// names. Cells of CSV that read as a JSON number, true or false are sent as such, others as text.
type fileSource struct {
	name string
	f    io.Closer
	read func() (json.RawMessage, error)
	n    int
}

func openFile(opt Options) (source, error) {
	name := opt.Spec.File
	if opt.Folder != "" && !filepath.IsAbs(name) {
		name = filepath.Join(opt.Folder, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the seed's file: %w", err)
	}
	read, err := reader(f, formatOf(opt.Spec.Format, name))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the seed's file %s: %w", name, err), f.Close())
	}
	return &fileSource{name: name, f: f, read: read}, nil
}

func formatOf(format, name string) string {
	if format != "" {
		return format
	}
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".csv", ".json":
		return ext[1:]
	}
	return "jsonl"
}

func reader(r io.Reader, format string) (func() (json.RawMessage, error), error) {
	switch format {
	case "jsonl":
		return readLines(r), nil
	case "json":
		return readArray(r)
	case "csv":
		return readCSV(r)
	}
	return nil, fmt.Errorf("records of the format %q cannot be read: use json, jsonl or csv", format)
}

func (s *fileSource) next(int64, time.Time) (item, error) {
	raw, err := s.read()
	if errors.Is(err, io.EOF) {
		return item{}, io.EOF
	}
	s.n++
	if err != nil {
		return item{}, fmt.Errorf("read record %d of the seed's file %s: %w", s.n, s.name, err)
	}
	if len(raw) > maxItem {
		return item{}, fmt.Errorf("record %d of the seed's file %s has %d bytes, at most %d are possible", s.n, s.name, len(raw), maxItem)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return item{}, fmt.Errorf("record %d of the seed's file %s is not a JSON object", s.n, s.name)
	}
	out := item{raw: raw}
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		out.fields = append(out.fields, measure.Field{Name: n, Value: m[n]})
	}
	return out, nil
}

func (s *fileSource) identity(string) measure.Identity { return measure.ByValue }

func (s *fileSource) close() error {
	if err := s.f.Close(); err != nil {
		return fmt.Errorf("close the seed's file: %w", err)
	}
	return nil
}

func readLines(r io.Reader) func() (json.RawMessage, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), maxItem+1)
	return func() (json.RawMessage, error) {
		for sc.Scan() {
			if line := bytes.TrimSpace(sc.Bytes()); len(line) > 0 {
				return compact(line)
			}
		}
		if err := sc.Err(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
}

func readArray(r io.Reader) (func() (json.RawMessage, error), error) {
	lim := &limited{r: r, left: maxAhead}
	d := json.NewDecoder(lim)
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, errors.New("the file must hold one JSON array of objects")
	}
	return func() (json.RawMessage, error) {
		lim.left = maxAhead
		if !d.More() {
			if _, err := d.Token(); err != nil {
				return nil, fmt.Errorf("the array does not end: %w", noEOF(err))
			}
			return nil, io.EOF
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, noEOF(err)
		}
		return compact(raw)
	}, nil
}

// maxAhead is how much may be read for one record, buffers included.
const maxAhead = 4 * maxItem

// limited ends with an error when one record takes too much.
type limited struct {
	r    io.Reader
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("one record has more than %d bytes", maxItem)
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func compact(raw []byte) (json.RawMessage, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func readCSV(r io.Reader) (func() (json.RawMessage, error), error) {
	lim := &limited{r: r, left: maxAhead}
	c := csv.NewReader(lim)
	head, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("the first line must name the fields: %w", noEOF(err))
	}
	names := make([][]byte, len(head))
	for i, h := range head {
		if names[i], err = json.Marshal(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff"))); err != nil {
			return nil, fmt.Errorf("name %q: %w", h, err)
		}
	}
	c.ReuseRecord = true
	return func() (json.RawMessage, error) {
		lim.left = maxAhead
		row, err := c.Read()
		if err != nil {
			return nil, err
		}
		b := []byte{'{'}
		for i, cell := range row {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(b, names[i]...), ':')
			if b, err = appendCell(b, cell); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}, nil
}

func appendCell(b []byte, cell string) ([]byte, error) {
	if cell == "true" || cell == "false" {
		return append(b, cell...), nil
	}
	if cell != "" && (cell[0] == '-' || cell[0] >= '0' && cell[0] <= '9') && json.Valid([]byte(cell)) {
		return append(b, cell...), nil
	}
	q, err := json.Marshal(cell)
	if err != nil {
		return nil, fmt.Errorf("cell %s: %w", strconv.Quote(cell), err)
	}
	return append(b, q...), nil
}
