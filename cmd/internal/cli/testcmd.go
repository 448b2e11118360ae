package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/testfile"
)

// Test runs tests of conditions.
type Test struct {
	Paths []string `arg:"" optional:"" name:"path" help:"Test files (.xdctest), pages with tests in them (.md), or folders with such files; the working directory if none is given."`
	All   bool     `name:"all" short:"a" help:"List the tests that passed, too."`
}

// Help has examples.
func (Test) Help() string {
	return "A test declares signals, puts samples on a timeline, and says what conditions are then expected to be. It needs no plan and no network. " +
		"In folders, files that end in .xdctest are taken, in folders below them too. The exit code is 0 if all tests passed, else 1.\n\n" +
		"Examples:\n\n    xdc test tests/no-flapping.xdctest\n    xdc test --json . > results.json\n    xdc test docs/condition-cookbook.md\n\n" +
		"A test file:\n\n    signal dc2.job.orders.health : enum healthy unhealthy\n    at 0s dc2.job.orders.health = healthy\n    at 7s dc2.job.orders.health = unhealthy\n" +
		"    end 10s\n\n    test the survivor stays healthy\n      condition always dc2.job.orders.health is healthy\n        verdict false at 7s\n"
}

// testReport is what --json prints.
type testReport struct {
	Format string       `json:"format"`
	Passed int          `json:"passed"`
	Failed int          `json:"failed"`
	Files  []testedFile `json:"files"`
}

type testedFile struct {
	File string `json:"file"`
	// Found are the mistakes in the file itself; with any, none of its tests are run.
	Found json.RawMessage `json:"found,omitempty"`
	Tests []testedCase    `json:"tests"`
}

type testedCase struct {
	Name   string          `json:"name"`
	Line   int             `json:"line"`
	Passed bool            `json:"passed"`
	Found  json.RawMessage `json:"found,omitempty"`
}

// Run runs them.
func (t *Test) Run(c *Context) error {
	if len(t.Paths) == 0 {
		t.Paths = []string{"."}
	}
	files, err := t.files()
	if err != nil {
		return err
	}
	report := testReport{Format: "xdc.test/1", Files: []testedFile{}}
	bad := false
	for _, name := range files {
		src, err := readTest(name)
		if err != nil {
			return err
		}
		broken, err := t.file(c, name, src, &report)
		if err != nil {
			return err
		}
		bad = bad || broken
	}
	if c.JSON {
		enc := json.NewEncoder(c.Out)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		_, err = fmt.Fprintf(c.Out, "%d passed, %d failed.\n", report.Passed, report.Failed)
	}
	if err == nil && (bad || report.Failed > 0) {
		return &ExitError{Code: Failure}
	}
	return err
}

// file runs the tests of one file; broken says that it could not be read as one.
func (t *Test) file(c *Context, name string, src []byte, report *testReport) (broken bool, err error) {
	text := src
	if filepath.Ext(name) == ".md" {
		text = testfile.Page(src)
	}
	f, found := testfile.Parse(name, text)
	if !found.HasErrors() && len(f.Tests) == 0 {
		return true, fmt.Errorf("run the tests of %s: it has none. A test begins with a line `test NAME`", name)
	}
	done := testedFile{File: name, Tests: []testedCase{}}
	defer func() { report.Files = append(report.Files, done) }()
	if found.HasErrors() {
		if c.JSON {
			done.Found = diag.JSON(found, oneText(src))
			return true, nil
		}
		return true, view.Findings(c.Side, oneText(src), found, c.SideStyle)
	}
	for _, r := range testfile.Run(f, testfile.Online{}) {
		one := testedCase{Name: r.Test.Name, Line: r.Test.Range.Start.Line, Passed: len(r.Found) == 0}
		word := "ok  "
		if one.Passed {
			report.Passed++
		} else {
			report.Failed++
			word = "FAIL"
			if c.JSON {
				one.Found = diag.JSON(r.Found, oneText(src))
			}
		}
		done.Tests = append(done.Tests, one)
		if c.JSON || one.Passed && !t.All {
			continue
		}
		if _, err := fmt.Fprintf(c.Out, "%s  %s:%d  %s\n", word, view.Clean(name), one.Line, view.Clean(one.Name)); err != nil {
			return false, err
		}
		if err := view.Findings(c.Side, oneText(src), r.Found, c.SideStyle); err != nil {
			return false, err
		}
	}
	return false, nil
}

// testSuffix is what the names of test files end in.
const testSuffix = ".xdctest"

// files lists the files to run.
func (t *Test) files() ([]string, error) {
	var out []string
	for _, p := range t.Paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("run tests: %w", err)
		}
		if !info.IsDir() {
			out = append(out, p)
			continue
		}
		before := len(out)
		err = filepath.WalkDir(p, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && name != p && strings.HasPrefix(d.Name(), "."):
				return filepath.SkipDir
			case !d.IsDir() && strings.HasSuffix(name, testSuffix):
				out = append(out, name)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("run tests: %w", err)
		}
		if len(out) == before {
			return nil, fmt.Errorf("run tests: %s has no file that ends in %s", p, testSuffix)
		}
	}
	return out, nil
}

// readTest reads a file, and no more of it than a test file may have.
func readTest(name string) (_ []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("run tests: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	src, err := io.ReadAll(io.LimitReader(f, testfile.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("run the tests of %s: %w", name, err)
	}
	return src, nil
}
