package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/xdc-project/xdc/providers/standin"
)

const (
	// storageSize is that of the file system of a folder of snapshots. It is in this machine's memory, as far as it is used.
	storageSize = "64m"
	// mostEntries bounds the folders that are copied to make room in them.
	mostEntries = 1000
	// stage is where a folder is put together before it takes its place.
	stage = "/run/lab/stage"
)

// storage gives each data centre the folders in which its toolkits keep the other side's snapshots: a file system for each,
// which all hosts of the data centre share, and nobody else.
func (l *lab) storage() error {
	l.cfg.RealDisks, l.cfg.Root = true, l.root
	for _, t := range l.cfg.Targets {
		for _, folder := range l.cfg.SnapshotFolders(t.Name) {
			if err := l.share(t.Name, folder); err != nil {
				return fmt.Errorf("make the folder of snapshots %s of %s: %w", folder, t.Name, err)
			}
		}
	}
	return nil
}

// root is a host's root folder as seen from here, with its mounts.
func (l *lab) root(target, address string) string {
	at, err := netip.ParseAddr(address)
	for _, n := range l.hosts[target] {
		if address == "" || err == nil && n.addr == at.Unmap() {
			return filepath.Join("/proc", strconv.Itoa(n.proc.PID), "root")
		}
	}
	return os.DevNull // nothing is in it, and nothing can be put there
}

// share mounts a file system at a folder of every host of a target.
func (l *lab) share(target, folder string) error {
	var first *node
	for _, name := range slices.Sorted(maps.Keys(l.hosts[target])) {
		n := l.hosts[target][name]
		if first == nil {
			first = n
			err := inMounts(n.proc, func() error {
				if err := n.room(folder); err != nil {
					return err
				}
				return unix.Mount("xdc-snapshots", folder, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755,size="+storageSize)
			})
			if err != nil {
				return err
			}
			continue
		}
		tree := -1
		err := inMounts(first.proc, func() (err error) {
			tree, err = unix.OpenTree(unix.AT_FDCWD, folder, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
			return err
		})
		if err != nil {
			return fmt.Errorf("share it between hosts: %w", err)
		}
		err = inMounts(n.proc, func() error {
			if err := n.room(folder); err != nil {
				return err
			}
			return unix.MoveMount(tree, "", unix.AT_FDCWD, folder, unix.MOVE_MOUNT_F_EMPTY_PATH)
		})
		_ = unix.Close(tree) // it is mounted, or of no use
		if err != nil {
			return err
		}
	}
	return nil
}

// room makes a folder in a machine, whose files are this machine's: not on this machine's disk, but in a copy of what it is to be
// in. It runs among the machine's mounts.
func (n *node) room(folder string) error {
	there := folder
	for {
		i, err := os.Lstat(there)
		if err == nil && i.Mode()&fs.ModeSymlink == 0 && !i.IsDir() {
			return fmt.Errorf("%s is no folder", there)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		there = filepath.Dir(there)
	}
	switch real, err := filepath.EvalSymlinks(there); {
	case err != nil:
		return err
	case real != there:
		return fmt.Errorf("%s is a symbolic link, or in one: name the folder itself, %s", there, filepath.Join(real, strings.TrimPrefix(folder, there)))
	case there == folder:
		return nil
	}
	own := slices.ContainsFunc(append([]string{"/run", "/tmp"}, n.rooms...), func(o string) bool { return there == o || strings.HasPrefix(there, o+"/") })
	switch {
	case own:
	case there == "/":
		return fmt.Errorf("the hosts of labs have this machine's root folder, which stays as it is: make the folder %s on this machine, or name one below /run, /tmp, /srv or /var", folder)
	default:
		if err := copyFolder(there); err != nil {
			return fmt.Errorf("make room in %s: %w", there, err)
		}
		n.rooms = append(n.rooms, there)
	}
	return os.MkdirAll(folder, 0o755) //nolint:gosec // as on any machine
}

// copyFolder covers a folder by one in memory with the same in it: links are copied, and everything else is mounted.
func copyFolder(folder string) error {
	list, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	if len(list) > mostEntries {
		return fmt.Errorf("it holds %d files, and %d at most can be copied: make the folder on this machine", len(list), mostEntries)
	}
	was, err := os.Stat(folder)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(stage, 0o700); err != nil {
		return err
	}
	defer func() { _ = os.Remove(stage) }() // an empty folder does no harm
	if err := unix.Mount("xdc-room", stage, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=1m,nr_inodes=4k"); err != nil {
		return err
	}
	for _, e := range list {
		if err := copyEntry(e, filepath.Join(folder, e.Name()), filepath.Join(stage, e.Name())); err != nil {
			_ = unix.Unmount(stage, unix.MNT_DETACH) // the machine goes with the lab
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
	}
	if err := os.Chmod(stage, was.Mode().Perm()|was.Mode()&fs.ModeSticky); err != nil {
		return err
	}
	return unix.Mount(stage, folder, "", unix.MS_MOVE, "")
}

func copyEntry(e fs.DirEntry, from, to string) error {
	switch {
	case e.Type()&fs.ModeSymlink != 0:
		where, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(where, to)
	case e.IsDir():
		if err := os.Mkdir(to, 0o755); err != nil { //nolint:gosec // it is covered at once
			return err
		}
	default:
		if err := os.WriteFile(to, nil, 0o600); err != nil {
			return err
		}
	}
	err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, "")
	if errors.Is(err, fs.ErrNotExist) {
		return os.Remove(to) // it has gone meanwhile
	}
	return err
}

// inMounts runs f among the mounts of a process.
func inMounts(p standin.Process, f func() error) error {
	if err := p.Alive(); err != nil {
		return err
	}
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/mnt", p.PID))
	if err != nil {
		return fmt.Errorf("enter the mounts of a machine: %w", err)
	}
	defer func() { _ = ns.Close() }() // it was only read
	done := make(chan error, 1)
	go func() {
		// The thread is never unlocked: it ends with the goroutine, and nothing else ever runs among those mounts.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_FS)
		if err == nil {
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNS)
		}
		if err != nil {
			done <- fmt.Errorf("enter the mounts of a machine: %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}
