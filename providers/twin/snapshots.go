package twin

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	toolkitcfg "github.com/xdc-project/xdc/providers/toolkit"
)

// The forms in which a data centre keeps the other's snapshots.
const (
	inFiles    = "file"
	inDatabase = "row"
)

// snapshotSuffix ends the names of snapshot files.
const snapshotSuffix = ".snapshot"

// maxBody bounds one message of the other side, in bytes.
const maxBody = 64 << 20

// storage is where a data centre keeps the other's snapshots: files in a folder that all its hosts share, or rows of a
// table. It outlives PEs and jobs.
type storage struct {
	form string
	disk *disk
	db   *database // nil with files
}

// snapshotFolder is where a job keeps the other side's snapshots.
func snapshotFolder(spec Job) string {
	if spec.Toolkit != nil && spec.Toolkit.SnapshotDirectory != "" {
		return filepath.Clean(spec.Toolkit.SnapshotDirectory)
	}
	return "/var/lib/crossdc/" + spec.Path
}

// SnapshotFolders are the folders of snapshots of the jobs with a toolkit of a target.
func (cfg Config) SnapshotFolders(target string) []string {
	var out []string
	for _, j := range cfg.Jobs {
		if f := snapshotFolder(j); j.Target == target && j.Toolkit != nil && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// newStorage makes the storage of the i-th target of a model.
func newStorage(cfg Config, i int) *storage {
	t := cfg.Targets[i]
	var shared []string
	for _, j := range cfg.Jobs {
		if f := snapshotFolder(j); j.Target == t.Name && !slices.Contains(shared, f) {
			shared = append(shared, f)
		}
	}
	s := &storage{form: t.Snapshots}
	if s.form == "" {
		s.form = inFiles
	}
	var root func(string) string
	if cfg.Root != nil {
		root = func(host string) string { return cfg.Root(t.Name, host) }
	}
	s.disk = newDisk(shared, root, !cfg.RealDisks)
	if s.form == inDatabase {
		s.db = newDatabase()
	}
	s.configure(cfg, i)
	return s
}

// configure puts the files with the toolkits' configurations, as the plan states them, onto the disks.
func (s *storage) configure(cfg Config, i int) {
	if cfg.RealDisks {
		return
	}
	for _, j := range cfg.Jobs {
		if j.Target != cfg.Targets[i].Name || j.Toolkit == nil || j.Toolkit.ConfigFile == "" {
			continue
		}
		// A path that cannot be one is the plan's affair: nothing is there to be read then.
		_ = s.disk.write("", filepath.Clean(j.Toolkit.ConfigFile), toolkitcfg.File(*j.Toolkit, j.Target, otherMachines(cfg, i, j)), time.Now())
	}
}

// otherMachines are the addresses of the hosts at which a job's toolkit has its other side.
func otherMachines(cfg Config, i int, j Job) []string {
	var machines []string
	for n, t := range cfg.Targets {
		if n == i || !slices.ContainsFunc(cfg.Jobs, func(k Job) bool {
			return k.Target == t.Name && k.Toolkit != nil && portOf(k.Toolkit) == portOf(j.Toolkit)
		}) {
			continue
		}
		for _, h := range Hosts(n, t) {
			machines = append(machines, h.Address)
		}
	}
	return machines
}

// snapshotStored is one file, or row: exactly the message that was received.
type snapshotStored struct {
	name string
	body []byte
}

// place is from where and for which job something is stored: the address of a host, and the folder, which stands for the
// table too.
type place struct{ host, folder string }

func (k *toolkit) place(host int) place {
	return place{k.dc.hosts[host].Address, snapshotFolder(k.spec)}
}

// put writes one. A file is truncated before it is written, and removed when that fails: the older copy is lost too. A
// row stays what it was.
func (s *storage) put(ctx context.Context, at place, name string, body []byte) error {
	if s.db != nil {
		return s.db.insert(ctx, at.folder, name, body)
	}
	if strings.ContainsRune(name, '/') {
		return errBadName
	}
	return s.disk.write(at.host, filepath.Join(at.folder, name+snapshotSuffix), body, time.Now())
}

// take reads some and removes them, or with no names all, and returns what could be read. What could not is left alone.
func (s *storage) take(ctx context.Context, at place, names []string) []snapshotStored {
	if names == nil {
		names = s.names(ctx, at)
	}
	var out []snapshotStored
	for _, n := range names {
		if s.db != nil {
			if body, ok := s.db.take(ctx, at.folder, n); ok {
				out = append(out, snapshotStored{n, body})
			}
			continue
		}
		full := filepath.Join(at.folder, n+snapshotSuffix)
		if body, err := s.disk.read(at.host, full, 0); err == nil {
			out = append(out, snapshotStored{n, body})
			s.disk.remove(at.host, full)
		}
	}
	return out
}

// damaged reports whether a file holds something, and no message whole.
func (s *storage) damaged(at place, name string) bool {
	if s.db != nil {
		return false
	}
	body, err := s.disk.read(at.host, filepath.Join(at.folder, name+snapshotSuffix), 0)
	if err != nil || len(body) == 0 {
		return false
	}
	_, err = decodeMessage(body)
	return err != nil
}

// names lists what is stored.
func (s *storage) names(ctx context.Context, at place) []string {
	if s.db != nil {
		return s.db.ids(ctx, at.folder)
	}
	var out []string
	for _, f := range s.disk.list(at.host, at.folder, snapshotSuffix) {
		out = append(out, strings.TrimSuffix(f.Name, snapshotSuffix))
	}
	return out
}

// clear removes all of a job, and returns how much that was.
func (s *storage) clear(ctx context.Context, at place) int { return len(s.take(ctx, at, nil)) }

// said names what is stored, as the toolkit's lines do.
func (s *storage) said(at place, name string) string {
	if s.db != nil {
		return name
	}
	return filepath.Join(at.folder, name+snapshotSuffix)
}
