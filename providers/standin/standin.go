// Package standin describes running substitutes for a plan's targets: a twin or a lab.
//
// A stand-in is a folder with stand-in.json in it. `xdc apply --on DIR` swaps its connections for those of the
// plan and changes nothing else.
package standin

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// FileName is the name of the description inside the folder.
const FileName = "stand-in.json"

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

// Connection replaces a target's streams connection. Files are absolute, or relative to the folder.
type Connection struct {
	URL          string `json:"url"`
	Instance     string `json:"instance"`
	Username     string `json:"username"`
	PasswordFile string `json:"password_file"`
	CAFile       string `json:"ca_file"`
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
	b, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		return nil, fmt.Errorf("read the stand-in: %w", err)
	}
	var s StandIn
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("read the stand-in %s: %w", dir, err)
	}
	if s.Format != Format {
		return nil, fmt.Errorf("the stand-in %s has format %q; this xdc reads %s", dir, s.Format, Format)
	}
	if s.Dir, err = filepath.Abs(dir); err != nil {
		return nil, err
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
