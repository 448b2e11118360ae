package seed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
)

// fileSource streams records from a file: JSON objects one a line, a JSON array of objects, or CSV with a line of
// names. Cells of CSV that read as a JSON number, true or false are sent as such, others as text.
type fileSource struct {
	name string
	f    io.Closer
	read decoder
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
		return nil, errors.Join(fmt.Errorf("%s:1: the seed's file cannot be read: %w", name, err), f.Close())
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

func (s *fileSource) next(int64, time.Time) (item, error) {
	raw, line, err := s.read()
	if errors.Is(err, io.EOF) {
		return item{}, io.EOF
	}
	s.n++
	if err != nil {
		return item{}, fmt.Errorf("%s:%d: record %d of the seed's file cannot be read: %w", s.name, line, s.n, err)
	}
	if len(raw) > maxItem {
		return item{}, fmt.Errorf("%s:%d: record %d of the seed's file has %d bytes, at most %d are possible", s.name, line, s.n, len(raw), maxItem)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return item{}, fmt.Errorf("%s:%d: record %d of the seed's file is not a JSON object", s.name, line, s.n)
	}
	out := item{raw: raw}
	for _, n := range slices.Sorted(maps.Keys(m)) {
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
