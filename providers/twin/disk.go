package twin

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// Sizes of the file systems, in bytes. Assumption twin.disk.
const (
	sharedSize = 1 << 30
	ownSize    = 64 << 30
	blockSize  = 4 << 10
	mostFiles  = 100000
)

// What a file system answers, in the words of the system.
var (
	errNoSpace  = errors.New("no space left on device")
	errReadOnly = errors.New("read-only file system")
	errBadName  = errors.New("invalid file name")
)

// disk is the file systems of a data centre's hosts: one with the folders of snapshots, which all hosts share, and one of
// each host's own for everything else. Where the hosts are real the files are too, and the file systems are theirs.
type disk struct {
	shared []string // folders
	// root is where a host's files really lie; nil: in memory. owned says that nobody but this program changes them, so
	// that rules hold for them too.
	root  func(host string) string
	owned bool

	mu    sync.Mutex
	kept  map[string]file // by full path; without root
	rules map[string]providers.VolumeRule
}

// file is a file in memory.
type file struct {
	body []byte
	at   time.Time
}

func newDisk(shared []string, root func(host string) string, owned bool) *disk {
	return &disk{shared: shared, root: root, owned: owned || root == nil, kept: map[string]file{}, rules: map[string]providers.VolumeRule{}}
}

// at is where a host's file really lies. No name leads out of the host.
func (d *disk) at(host, name string) string {
	return filepath.Join(d.root(host), filepath.Join("/", name))
}

// within reports whether a path is a folder or in it.
func within(path, folder string) bool {
	return path == folder || folder == "/" || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

// isShared reports whether a path is on the file system that the hosts share. What is above a shared folder is taken to
// be on it too, but for the root.
func (d *disk) isShared(path string) bool {
	return path != "/" && slices.ContainsFunc(d.shared, func(s string) bool { return within(path, s) || within(s, path) })
}

// blocks is what a file of a size takes.
func blocks(n int) int64 { return (int64(n) + blockSize - 1) / blockSize * blockSize }

// room says how much room there is where a folder of a host is. The caller holds d.mu.
func (d *disk) room(host, folder string) (size, free int64) {
	shared := d.isShared(folder)
	size = ownSize
	if shared {
		size = sharedSize
	}
	free = size
	for _, r := range d.rules {
		if d.isShared(r.Folder) == shared && (shared || r.Host == host) {
			free -= r.Take
		}
	}
	if shared {
		free -= d.used()
	}
	return size, max(free, 0)
}

// used is what the files in the shared folders take.
func (d *disk) used() int64 {
	n := int64(0)
	for name, f := range d.kept {
		if d.isShared(name) {
			n += blocks(len(f.body))
		}
	}
	if d.root != nil {
		for _, s := range d.shared {
			list, _ := os.ReadDir(filepath.Join(d.root(""), s)) // what is not there takes nothing
			for _, e := range list {
				if i, err := e.Info(); err == nil {
					n += blocks(int(i.Size()))
				}
			}
		}
	}
	return n
}

// gone reports whether a host sees nothing of a folder because of a fault.
func (d *disk) gone(host, folder string) bool {
	for _, r := range d.rules {
		if r.Gone && r.Host == host && within(folder, r.Folder) {
			return true
		}
	}
	return false
}

// write makes a file anew: it is truncated first, and removed when it cannot be written whole.
func (d *disk) write(host, name string, body []byte, at time.Time) error {
	if base := filepath.Base(name); !filepath.IsAbs(name) || filepath.Clean(name) != name || len(base) > 255 || strings.ContainsRune(name, 0) {
		return errBadName
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	folder := filepath.Dir(name)
	if d.gone(host, folder) {
		return errReadOnly
	}
	if !d.owned {
		return writeFile(d.at(host, name), body)
	}
	d.removeHere(host, name) // its blocks are free again, and it is gone if the rest fails
	if _, free := d.room(host, folder); blocks(len(body)) > free {
		return errNoSpace
	}
	if d.root != nil {
		return writeFile(d.at(host, name), body)
	}
	if len(d.kept) >= mostFiles {
		return errNoSpace
	}
	d.kept[name] = file{slices.Clone(body), at}
	return nil
}

// writeFile writes a real file; its folder is made where it is missing.
func writeFile(name string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // as on any machine
		return err
	}
	err := os.WriteFile(name, body, 0o644) //nolint:gosec // as on any machine
	if err != nil {
		_ = os.Remove(name) // what is half written is of no use
	}
	return err
}

func (d *disk) removeHere(host, name string) {
	if d.root != nil {
		_ = os.Remove(d.at(host, name)) // it need not be there
		return
	}
	delete(d.kept, name)
}

// remove takes a file away. One that is not there is no error.
func (d *disk) remove(host, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.gone(host, filepath.Dir(name)) {
		d.removeHere(host, name)
	}
}

// read returns a file, or its beginning where a limit above 0 is given.
func (d *disk) read(host, name string, limit int) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone(host, filepath.Dir(name)) {
		return nil, fs.ErrNotExist
	}
	if limit <= 0 {
		limit = maxBody
	}
	if d.root != nil {
		f, err := os.Open(d.at(host, name))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, int64(limit)))
	}
	f, ok := d.kept[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(f.body[:min(len(f.body), limit)]), nil
}

// list lists the files of a folder whose names end in suffix.
func (d *disk) list(host, folder, suffix string) []providers.FileInfo {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []providers.FileInfo{}
	if d.gone(host, folder) {
		return out
	}
	if d.root != nil {
		list, _ := os.ReadDir(d.at(host, folder)) // what is not there is empty
		for _, e := range list {
			if i, err := e.Info(); err == nil && i.Mode().IsRegular() && strings.HasSuffix(e.Name(), suffix) {
				out = append(out, providers.FileInfo{Name: e.Name(), Size: i.Size(), Modified: i.ModTime()})
			}
		}
		return out
	}
	for _, name := range slices.Sorted(maps.Keys(d.kept)) {
		if f := d.kept[name]; filepath.Dir(name) == folder && strings.HasSuffix(name, suffix) {
			out = append(out, providers.FileInfo{Name: filepath.Base(name), Size: int64(len(f.body)), Modified: f.at})
		}
	}
	return out
}

// volume is what a host sees of the file system of a folder.
func (d *disk) volume(host, folder string) providers.Volume {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := providers.Volume{}
	v.Size, v.Free = d.room(host, folder)
	for _, k := range slices.Sorted(maps.Keys(d.rules)) {
		if r := d.rules[k]; r.Host == host {
			v.Rules = append(v.Rules, r)
		}
	}
	return v
}

// apply puts a rule in force.
func (d *disk) apply(r providers.VolumeRule) error {
	if r.Name == "" || !filepath.IsAbs(r.Folder) || r.Take < 0 || (r.Take > 0) == r.Gone {
		return fmt.Errorf("a rule needs a name, a folder, and either bytes to take or the folder gone")
	}
	r.Folder = filepath.Clean(r.Folder)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.rules, r.Host+" "+r.Name)
	if _, free := d.room(r.Host, r.Folder); r.Take > free {
		return fmt.Errorf("%d bytes are to be taken of %s, and %d are free", r.Take, r.Folder, free)
	}
	d.rules[r.Host+" "+r.Name] = r
	return nil
}

// lift takes a rule away, and reports whether there was one.
func (d *disk) lift(host, name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.rules[host+" "+name]
	delete(d.rules, host+" "+name)
	return ok
}
