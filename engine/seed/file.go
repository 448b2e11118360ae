package seed

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	kept *spool

	fields []measure.Field
	seen   map[string]int
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
	return &fileSource{name: name, f: f, read: read, kept: newSpool(opt.Ledger)}, nil
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
	if !measure.Members(raw, func(_, _ []byte) {}) {
		return item{}, fmt.Errorf("%s:%d: record %d of the seed's file is not a JSON object", s.name, line, s.n)
	}
	if err := s.kept.add(raw); err != nil {
		return item{}, err
	}
	s.fields = fieldsOf(raw, s.fields, &s.seen)
	return item{raw: raw, fields: s.fields}, nil
}

func (s *fileSource) again(when when) measure.Source { return s.kept.again(when) }

func (s *fileSource) identity(string) measure.Identity { return measure.ByValue }

func (s *fileSource) close() error {
	if err := s.f.Close(); err != nil {
		return fmt.Errorf("close the seed's file: %w", err)
	}
	return nil
}
