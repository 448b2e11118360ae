package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// only is the folder of the one run in a folder of runs.
func only(ts *testscript.TestScript, runs string) string {
	found, err := os.ReadDir(ts.MkAbs(runs))
	ts.Check(err)
	var dirs []string
	for _, d := range found {
		if d.IsDir() {
			dirs = append(dirs, d.Name())
		}
	}
	if len(dirs) != 1 {
		ts.Fatalf("%s has %d runs, want one: %v", runs, len(dirs), dirs)
	}
	return filepath.Join(ts.MkAbs(runs), dirs[0])
}

// has wants files in the folder of the one run: has RUNS FILE...
func has(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: has RUNS FILE...")
	}
	dir := only(ts, args[0])
	for _, name := range args[1:] {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			ts.Fatalf("%v", err)
		}
	}
}

// same wants a file of two runs to have the same bytes: same RUNS OTHER FILE
func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: same RUNS OTHER FILE")
	}
	a := ts.ReadFile(filepath.Join(only(ts, args[0]), args[2]))
	b := ts.ReadFile(filepath.Join(only(ts, args[1]), args[2]))
	if a == "" || a != b {
		ts.Fatalf("%s of %s (%d bytes) is not that of %s (%d bytes)", args[2], args[0], len(a), args[1], len(b))
	}
}

// noSecret wants none of the script's XDC_VAR_ values in the files, folders or outputs, neither as they are nor as
// JSON writes them: nosecret stdout FILE...
func noSecret(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: nosecret FILE...")
	}
	var forms []string
	for _, name := range []string{"XDC_VAR_password", "XDC_VAR_api_key"} {
		v := ts.Getenv(name)
		if v == "" {
			ts.Fatalf("%s is not set", name)
		}
		quoted, err := json.Marshal(v)
		ts.Check(err)
		forms = append(forms, v, strings.Trim(string(quoted), `"`))
	}
	forms = append(forms, "sesame-9431") // the middle of the second, however it is written
	clean := func(name, text string) {
		for _, f := range forms {
			if strings.Contains(text, f) {
				ts.Fatalf("%s has the secret %q", name, f)
			}
		}
	}
	for _, name := range args {
		if name == "stdout" || name == "stderr" {
			clean(name, ts.ReadFile(name))
			continue
		}
		ts.Check(filepath.WalkDir(ts.MkAbs(name), func(file string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				clean(file, ts.ReadFile(file))
			}
			return err
		}))
	}
}

// appears waits until a file that another process writes is there: appears FILE
func appears(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: appears FILE")
	}
	for range 600 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	ts.Fatalf("%s does not appear", args[0])
}
