package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// place is where files lie: on disk, or in an fs.FS. Names are as users see them.
type place interface {
	stat(name string) (fs.FileInfo, error)
	list(dir string) ([]fs.DirEntry, error)
	open(name string) (fs.File, error)
	// sub is a folder as a file system.
	sub(dir string) (fs.FS, error)
	// join appends a name from a plan to a folder.
	join(dir, name string) string
	dir(name string) string
	// resolve is join, also for absolute names and those in the home folder.
	resolve(dir, name string) (string, error)
	// rel is name relative to dir, with slashes; absolute if there is no way.
	rel(dir, name string) string
	// identity is equal for names of the same file.
	identity(name string) string
}

type osPlace struct{}

func (osPlace) stat(name string) (fs.FileInfo, error)  { return os.Stat(name) }
func (osPlace) list(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }
func (osPlace) join(dir, name string) string           { return filepath.Join(dir, filepath.FromSlash(name)) }
func (osPlace) dir(name string) string                 { return filepath.Dir(name) }

func (osPlace) sub(dir string) (fs.FS, error) { return os.DirFS(dir), nil }

func (osPlace) open(name string) (fs.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (p osPlace) resolve(dir, name string) (string, error) {
	if name == "~" || strings.HasPrefix(name, "~/") {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the home folder that ~ stands for: %w", err)
		}
		return filepath.Join(home, filepath.FromSlash(name[1:])), nil
	}
	if filepath.IsAbs(filepath.FromSlash(name)) {
		return filepath.Clean(filepath.FromSlash(name)), nil
	}
	return p.join(dir, name), nil
}

func (osPlace) rel(dir, name string) string {
	absDir, err1 := filepath.Abs(dir)
	absName, err2 := filepath.Abs(name)
	if err1 != nil || err2 != nil {
		return filepath.ToSlash(name)
	}
	rel, err := filepath.Rel(absDir, absName)
	if err != nil {
		return filepath.ToSlash(absName)
	}
	return filepath.ToSlash(rel)
}

func (osPlace) identity(name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	return abs
}

// fsPlace is a folder of an fs.FS whose files are shown under a label.
type fsPlace struct {
	fsys  fs.FS
	dirIn string
	label string
}

func (p fsPlace) inside(name string) (string, error) {
	rest := slashClean(name)
	if p.label != "" {
		label := slashClean(p.label)
		switch {
		case rest == label:
			rest = "."
		case strings.HasPrefix(rest, label+"/"):
			rest = rest[len(label)+1:]
		default:
			return "", fs.ErrNotExist
		}
	}
	in := path.Join(p.dirIn, rest)
	if !fs.ValidPath(in) {
		return "", fs.ErrNotExist
	}
	return in, nil
}

func (p fsPlace) stat(name string) (fs.FileInfo, error) {
	in, err := p.inside(name)
	if err != nil {
		return nil, err
	}
	return fs.Stat(p.fsys, in)
}

func (p fsPlace) list(dir string) ([]fs.DirEntry, error) {
	in, err := p.inside(dir)
	if err != nil {
		return nil, err
	}
	return fs.ReadDir(p.fsys, in)
}

func (p fsPlace) open(name string) (fs.File, error) {
	in, err := p.inside(name)
	if err != nil {
		return nil, err
	}
	return p.fsys.Open(in)
}

func (p fsPlace) sub(dir string) (fs.FS, error) {
	in, err := p.inside(dir)
	if err != nil {
		return nil, err
	}
	return fs.Sub(p.fsys, in)
}

func (fsPlace) join(dir, name string) string { return path.Join(dir, slashClean(name)) }
func (fsPlace) dir(name string) string       { return path.Dir(name) }
func (fsPlace) identity(name string) string  { return slashClean(name) }

func (p fsPlace) resolve(dir, name string) (string, error) {
	if path.IsAbs(name) || strings.HasPrefix(name, "~") {
		return "", fs.ErrNotExist
	}
	return p.join(dir, name), nil
}

func (fsPlace) rel(dir, name string) string {
	rel, err := filepath.Rel(filepath.FromSlash(dir), filepath.FromSlash(name))
	if err != nil {
		return name
	}
	return filepath.ToSlash(rel)
}

func slashClean(name string) string { return path.Clean(strings.ReplaceAll(name, `\`, "/")) }

// errIrregular is why devices, pipes and folders are not read.
var errIrregular = errors.New("not a regular file")

func openRegular(p place, name string) (io.ReadCloser, error) {
	info, err := p.stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errors.New("it is a folder, not a file")
	}
	if !info.Mode().IsRegular() {
		return nil, errIrregular
	}
	return p.open(name)
}

// errTooLarge is what reading a file over its bound gives.
type errTooLarge struct{ limit int64 }

func (e errTooLarge) Error() string {
	return fmt.Sprintf("larger than %d MiB, the most that is read", e.limit>>20)
}

func readBounded(p place, name string, limit int64) ([]byte, error) {
	r, err := openRegular(p, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, errTooLarge{limit}
	}
	return b, nil
}

// cause takes the file's name and the system call out of an error: both are said elsewhere.
func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errNoFile
	case errors.Is(err, fs.ErrPermission):
		return errPermission
	}
	return err
}

var (
	errNoFile     = fmt.Errorf("there is no such file (%w)", fs.ErrNotExist)
	errPermission = fmt.Errorf("permission denied (%w)", fs.ErrPermission)
)
