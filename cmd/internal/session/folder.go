// Package session gives a run its surroundings: its folder, its files, its signals, its connections.
//
// It joins the engine, the providers and, for rehearsals, the twin. What is printed is up to cmd/internal/view;
// what the flags are is up to cmd/internal/cli.
package session

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/journal"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/signal"
)

// DefaultRuns is where runs are kept, relative to the working directory.
const DefaultRuns = ".xdc/runs"

// Names of the files in a run's folder, besides journal.FileName and trace.FileName.
const (
	PlanFile    = "plan.json"
	EventsFile  = "events.jsonl"
	ReportHTML  = "report.html"
	ReportJSON  = "report.json"
	ReportJUnit = "junit.xml"
	SummaryFile = "summary.md"
	lockFile    = "alive.lock"
)

// NewID makes a run's name: a sortable time and 8 random characters of base32.
func NewID(now time.Time) string {
	var b [5]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("session: no randomness: " + err.Error()) // crypto/rand never fails on supported systems
	}
	return now.UTC().Format("20060102T150405Z") + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// ValidID reports whether s has the form of a run's name, so that it can be part of a path.
func ValidID(s string) bool {
	at, random, ok := strings.Cut(s, "-")
	if !ok || len(random) != 8 {
		return false
	}
	if _, err := time.Parse("20060102T150405Z", at); err != nil {
		return false
	}
	return strings.Trim(random, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// Folder is a run's folder.
type Folder struct {
	ID   string
	Path string
}

// NewFolder makes the folder of a new run below runs.
func NewFolder(runs, id string) (Folder, error) {
	f := Folder{ID: id, Path: filepath.Join(runs, id)}
	if err := os.MkdirAll(runs, 0o750); err != nil {
		return f, fmt.Errorf("make the folder for runs: %w", err)
	}
	if err := os.Mkdir(f.Path, 0o700); err != nil {
		return f, fmt.Errorf("make the run's folder: %w", err)
	}
	return f, nil
}

// File is the path of a file in the folder.
func (f Folder) File(name string) string { return filepath.Join(f.Path, name) }

// Trace reads the run's trace; see trace.ReadFile.
func (f Folder) Trace(sample func(signal.Sample), happened func(string, signal.Span)) error {
	return trace.ReadFile(f.File(trace.FileName), sample, happened)
}

// ErrNoRuns is returned when there are no runs to choose from.
var ErrNoRuns = errors.New("there are no runs")

// Find resolves what a user called a run: its name, the beginning of it, a path to its folder, or "" or "last"
// for the newest.
func Find(runs, name string) (Folder, error) {
	if name != "" && strings.ContainsAny(name, `/\`) {
		if _, err := os.Stat(filepath.Join(name, journal.FileName)); err != nil {
			return Folder{}, fmt.Errorf("%s is not the folder of a run: %w", name, err)
		}
		return Folder{ID: filepath.Base(filepath.Clean(name)), Path: name}, nil
	}
	all, err := List(runs)
	if err != nil {
		return Folder{}, err
	}
	if len(all) == 0 {
		return Folder{}, fmt.Errorf("%w in %s", ErrNoRuns, runs)
	}
	if name == "" || name == "last" {
		return all[len(all)-1], nil
	}
	var found []Folder
	for _, f := range all {
		if f.ID == name {
			return f, nil
		}
		if strings.HasPrefix(f.ID, name) || strings.HasSuffix(f.ID, "-"+name) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Folder{}, fmt.Errorf("no run in %s is called %q; the newest is %s", runs, name, all[len(all)-1].ID)
	}
	return Folder{}, fmt.Errorf("%q stands for %d runs in %s: say more of its name", name, len(found), runs)
}

// List returns every run below runs, oldest first. It is not an error when there is no such folder.
func List(runs string) ([]Folder, error) {
	entries, err := os.ReadDir(runs)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the runs: %w", err)
	}
	var out []Folder
	for _, e := range entries {
		if e.IsDir() && ValidID(e.Name()) {
			out = append(out, Folder{ID: e.Name(), Path: filepath.Join(runs, e.Name())})
		}
	}
	slices.SortFunc(out, func(a, b Folder) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}
