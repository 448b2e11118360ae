// Package source has the files of one plan: their bytes, their names, and a record of everything that was read.
//
// It finds and reads files and checks that they are text. It does not know what stands in them; lang/syntax
// does.
package source

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"testing/fstest"
)

// Bounds on what is read. A plan that exceeds them is refused with a finding.
const (
	MaxFile     = 16 << 20 // bytes of one plan file or file of variables
	MaxFiles    = 10_000   // plan files of one folder, and of one Set
	MaxReadFile = 64 << 20 // bytes of one file read by a function of a plan
)

// The kinds of files in a record.
const (
	Configuration = "configuration"
	Variables     = "variables"
	Function      = "function"
	Bundle        = "bundle"
	Data          = "data"
)

// A File is one plan file or file of variables.
type File struct {
	// Name is how the file is shown to users: relative to the working directory, as they typed it.
	Name string
	// Path is where the file is opened.
	Path string
	// Bytes is its text, valid UTF-8 without a byte order mark.
	Bytes []byte
	// JSON says that its name ends with .json.
	JSON bool
}

// A FileRecord says what was read, so that a saved plan can tell whether it is still the same.
type FileRecord struct {
	// Path is relative to the folder of the root plan, with slashes. Files elsewhere begin with ../ or are
	// absolute, embedded ones begin with their label.
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// Kind is one of configuration, variables, bundle, data, function.
	Kind string `json:"kind"`
}

// A Set is the files of one plan or module. Sets that come from one another (Sub, Include) share one record of
// files read and one store of texts for snippets. A Set is safe for concurrent use.
type Set struct {
	place    place
	folder   string
	files    []*File
	varFiles []*File
	*ledger
}

// ledger is what the sets of one plan share.
type ledger struct {
	mu      sync.Mutex
	root    func(name string) string // a name relative to the root folder, with slashes
	texts   map[string][]byte
	records map[recordKey]FileRecord
}

type recordKey struct{ path, kind string }

func newSet(p place, folder string) *Set {
	return &Set{place: p, folder: folder, ledger: &ledger{
		root:    func(name string) string { return p.rel(folder, name) },
		texts:   map[string][]byte{},
		records: map[recordKey]FileRecord{},
	}}
}

// Memory is a plan that lies in memory; names may have folders in them, with slashes, from which modules and
// data come. Text that is not UTF-8 is left out.
func Memory(files map[string]string) *Set {
	m := fstest.MapFS{}
	for name, text := range files {
		m[slashClean(name)] = &fstest.MapFile{Data: []byte(text), Mode: 0o444}
	}
	return FS(m, ".", "")
}

// FS is the plan in a folder of fsys, such as the plans embedded in the program. Its files are shown as
// LABEL/NAME. A folder that cannot be read gives an empty set.
func FS(fsys fs.FS, dir, label string) *Set {
	s := newSet(fsPlace{fsys: fsys, dirIn: slashClean(dir), label: label}, slashClean(label))
	diags := s.addFolder(s.folder, true)
	_ = diags // what is unreadable in an embedded plan is missing, and its own tests find that
	return s
}

// Files are the plan files, in the order of the paths given and of their names.
func (s *Set) Files() []*File { return s.files }

// VarFiles are the *.auto.xdcvars and *.auto.xdcvars.json files found beside the plan, in that order. Modules
// have none.
func (s *Set) VarFiles() []*File { return s.varFiles }

// Folder is the folder that relative names in the plan mean. It is that of the last path given to Load, as the
// user typed it, and so may itself be relative to the working directory.
func (s *Set) Folder() string { return s.folder }

// Embedded reports whether the set is not on disk, so that Folder is no place that others can open.
func (s *Set) Embedded() bool {
	_, disk := s.place.(osPlace)
	return !disk
}

// Include makes another set share this one's record and snippets, with all it has read so far.
func (s *Set) Include(other *Set) {
	if other == nil || other.ledger == s.ledger {
		return
	}
	other.mu.Lock()
	texts, records := other.texts, other.records
	other.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, b := range texts {
		if _, ok := s.texts[name]; !ok {
			s.texts[name] = b
		}
	}
	for _, r := range records {
		s.records[recordKey{r.Path, r.Kind}] = r
	}
	other.ledger = s.ledger
}

// Bytes returns the text of a file by the name it is shown under, for snippets; nil if it was never read.
func (s *Set) Bytes(name string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts[name]
}

// Record lists every file read so far, sorted by path and kind.
func (s *Set) Record() []FileRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]FileRecord, 0, len(s.records))
	for _, r := range s.records {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b FileRecord) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// FolderFS is a folder that the plan names, for listing what is in it. Names are those of ReadFile.
func (s *Set) FolderFS(name string) (fs.FS, error) {
	path, err := s.resolve(name)
	if err != nil {
		return nil, err
	}
	info, err := s.place.stat(path)
	if err != nil {
		return nil, fmt.Errorf("open the folder %s: %w", name, s.explain(path, err))
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("open the folder %s: it is a file", name)
	}
	return s.place.sub(path)
}

// ReadFile reads a file that the plan names, relative to Folder, absolute, or beginning with ~/. Files of more
// than 64 MiB, and files that changed since they were first read, are refused.
func (s *Set) ReadFile(name, kind string) ([]byte, error) {
	path, err := s.resolve(name)
	if err != nil {
		return nil, err
	}
	b, err := readBounded(s.place, path, MaxReadFile)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, s.explain(path, err))
	}
	sum := sha256.Sum256(b)
	if err := s.note(path, kind, int64(len(b)), sum[:]); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b, nil
}

// HashFile records the size and the SHA-256 of a file without keeping it in memory. Names are those of
// ReadFile; the size is not bounded.
func (s *Set) HashFile(name, kind string) error {
	path, err := s.resolve(name)
	if err != nil {
		return err
	}
	r, err := openRegular(s.place, path)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, s.explain(path, err))
	}
	defer r.Close()
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, cause(err))
	}
	if err := s.note(path, kind, n, h.Sum(nil)); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// note adds to the record. The same file must have the same bytes whenever it is read.
func (s *Set) note(path, kind string, size int64, sum []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rel := path
	if p, ok := s.place.(fsPlace); !ok || p.label == "" {
		rel = s.root(path)
	}
	r := FileRecord{Path: rel, Size: size, SHA256: hex.EncodeToString(sum), Kind: kind}
	key := recordKey{rel, kind}
	if old, ok := s.records[key]; ok && old != r {
		return fmt.Errorf("the file has changed since it was first read; start again so that everything sees the same")
	}
	s.records[key] = r
	return nil
}

func (s *Set) resolve(name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("the name of the file is empty")
	}
	path, err := s.place.resolve(s.folder, name)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return path, nil
}

// keep stores a file's text for snippets and its digest for the record.
func (s *Set) keep(f *File, raw []byte, kind string) error {
	sum := sha256.Sum256(raw)
	if err := s.note(f.Path, kind, int64(len(raw)), sum[:]); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[f.Name] = f.Bytes
	return nil
}

func isJSON(name string) bool { return filepath.Ext(name) == ".json" }
