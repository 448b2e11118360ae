package twin

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// The forms in which a data centre keeps the other's snapshots.
const (
	inFiles    = "file"
	inDatabase = "row"
)

// storage is where a data centre keeps the other's snapshots: files in a directory that all its hosts share, or rows
// of a table. It outlives PEs and jobs.
type storage struct {
	form string

	mu     sync.Mutex
	broken error
	kept   map[string]map[string]snapshotFile // by job, by name
}

// snapshotFile is one file, or row: exactly the message that was received.
type snapshotFile struct {
	name string
	body []byte
	at   time.Time
}

func newStorage(form string) *storage {
	if form == "" {
		form = inFiles
	}
	return &storage{form: form, kept: map[string]map[string]snapshotFile{}}
}

// put writes one. A file is truncated before it is written, and removed when that fails: the older copy is lost too. A
// row stays what it was.
func (s *storage) put(job, name string, body []byte, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		if s.form == inFiles {
			delete(s.kept[job], name)
		}
		return s.broken
	}
	if s.kept[job] == nil {
		s.kept[job] = map[string]snapshotFile{}
	}
	s.kept[job][name] = snapshotFile{name, body, at}
	return nil
}

// take removes some, or with no names all, and returns what was there.
func (s *storage) take(job string, names []string) []snapshotFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	if names == nil {
		names = slices.Sorted(maps.Keys(s.kept[job]))
	}
	var out []snapshotFile
	for _, n := range names {
		if f, ok := s.kept[job][n]; ok {
			out = append(out, f)
			delete(s.kept[job], n)
		}
	}
	return out
}

// clear removes all of a job.
func (s *storage) clear(job string) { s.take(job, nil) }
