// Package standin describes running substitutes for a plan's targets: a twin or a lab.
//
// A stand-in is a folder with stand-in.json in it. `xdc apply --on DIR` swaps its connections for those of the
// plan and changes nothing else.
package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// FileName is the name of the description inside the folder.
const FileName = "stand-in.json"

// DisksName is the folder with the files that a twin's hosts share, a folder for each target. It stays when the twin has
// ended, for whoever wants to look at what was there last.
const DisksName = "disks"

// Format is the format word of the description.
const Format = "xdc.stand-in/1"

// StandIn is where the substitutes are.
type StandIn struct {
	Format  string                `json:"format"`
	Dir     string                `json:"dir"`
	Targets map[string]Connection `json:"targets"`
	// Control is the URL of the endpoint that makes faults on links and processes. Its bearer token is in
	// TokenFile.
	Control   string `json:"control"`
	TokenFile string `json:"token_file"`
	PID       int    `json:"pid,omitempty"`
	Started   string `json:"started,omitempty"` // of the process; see Process
	// Runner is the process from whose network everything in a lab is reached. Without one, everything is reached from
	// here.
	Runner *Process `json:"runner,omitempty"`
	// Router is the process in whose network a lab's data centres meet.
	Router *Process `json:"router,omitempty"`
}

// Process is a process of this machine.
type Process struct {
	PID int `json:"pid"`
	// Started tells it from a later one with the same number.
	Started string `json:"started"`
}

// Alive reports whether the process still runs; an error says that it does not.
func (p Process) Alive() error {
	started, err := Started(p.PID)
	if err != nil {
		return fmt.Errorf("the stand-in's process %d is gone: %w", p.PID, err)
	}
	if p.Started != "" && started != "" && started != p.Started {
		return fmt.Errorf("the stand-in's process %d is gone, and another has its number", p.PID)
	}
	return nil
}

// Started is when a process started, in clock ticks since the machine did: with the number it names a process for ever.
// Where the system does not say, it is empty.
func Started(pid int) (string, error) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return "", nil //nolint:nilerr // there is no such table
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	i := strings.LastIndexByte(string(b), ')')
	f := strings.Fields(string(b[i+1:]))
	if i < 0 || len(f) < 20 || f[0] == "Z" {
		return "", fmt.Errorf("process %d has ended", pid)
	}
	return f[19], nil
}

// Connection replaces a target's streams connection. Files are absolute, or relative to the folder.
type Connection struct {
	URL          string `json:"url"`
	Instance     string `json:"instance"`
	Username     string `json:"username"`
	PasswordFile string `json:"password_file"`
	CAFile       string `json:"ca_file"`
	// Inet is the URL of the web server of inetserver operators; empty where there are none.
	Inet string `json:"inetserver,omitempty"`
	// Hosts replace the connections to a target's hosts, by the names of the plan. A twin has none: it has no machines.
	Hosts map[string]Host `json:"hosts,omitempty"`
}

// Host is a machine of a lab, with an SSH server. Files are absolute, or relative to the folder.
type Host struct {
	Address      string `json:"address"`
	Port         int    `json:"port"`
	User         string `json:"user"`
	IdentityFile string `json:"identity_file"`
	KnownHosts   string `json:"known_hosts"`
	// Process is the machine's process 1, as seen from here.
	Process Process `json:"process"`
}

// Load reads the description in dir.
func Load(dir string) (*StandIn, error) {
	f, err := os.Open(filepath.Join(dir, FileName))
	if err != nil {
		return nil, fmt.Errorf("read the stand-in: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the stand-in: %w", err)
	}
	s, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("read the stand-in %s: %w", dir, err)
	}
	if s.Dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	return s, nil
}

// maxSize bounds a description, in bytes.
const maxSize = 1 << 20

func decode(b []byte) (*StandIn, error) {
	if len(b) > maxSize {
		return nil, fmt.Errorf("%s has more than %d bytes", FileName, maxSize)
	}
	var s StandIn
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, err
	}
	if s.Format != Format {
		return nil, fmt.Errorf("it has format %.100q; this xdc reads %s", s.Format, Format)
	}
	return &s, nil
}

// Path resolves a file name of the description.
func (s *StandIn) Path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.Dir, name)
}

// Remove takes away what a stand-in has put into its folder and did not take away itself: the description, keys, passwords
// and the token. What it has written down stays.
func (s *StandIn) Remove() error {
	names := []string{s.TokenFile, "ca.pem", FileName}
	for _, c := range s.Targets {
		names = append(names, c.PasswordFile)
		for _, h := range c.Hosts {
			names = append(names, h.IdentityFile, h.KnownHosts)
		}
	}
	var errs []error
	for _, n := range names {
		if n == "" || filepath.Base(n) != n { // only what lies in the folder itself
			continue
		}
		if err := os.Remove(filepath.Join(s.Dir, n)); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
