package source_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/source"
)

// lay writes files below a new folder, which becomes the working directory.
func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return dir
}

func names(files []*source.File) []string {
	out := []string{}
	for _, f := range files {
		out = append(out, filepath.ToSlash(f.Name))
	}
	return out
}

func load(t *testing.T, paths ...string) *source.Set {
	t.Helper()
	set, diags := source.Load(paths)
	if len(diags) > 0 {
		t.Fatalf("Load(%q): %v", paths, diags)
	}
	return set
}

func finding(t *testing.T, code diag.Code, want string, diags diag.List) {
	t.Helper()
	for _, d := range diags {
		if d.Code == code && strings.Contains(d.Summary+" "+d.Detail, want) {
			return
		}
	}
	t.Errorf("got %v, want %s with %q", diags, code, want)
}

func TestLoadMergesFoldersAndFiles(t *testing.T) {
	lay(t, map[string]string{
		"env/prod/targets.xdc.hcl": "", "env/prod/a.xdc.hcl.json": "{}", "env/prod/prod.auto.xdcvars": "x = 1",
		"env/prod/deeper/no.xdc.hcl": "", "env/prod/.hidden.xdc.hcl": "", "env/prod/old.xdc.hcl~": "", "env/prod/notes.md": "",
		"drill.xdc.hcl": "# drill", "b.auto.xdcvars.json": "{}", "a.auto.xdcvars": "", "odd-name": "# odd",
	})
	set := load(t, "env/prod", "odd-name", "./drill.xdc.hcl")
	if diff := cmp.Diff([]string{"env/prod/a.xdc.hcl.json", "env/prod/targets.xdc.hcl", "odd-name", "drill.xdc.hcl"}, names(set.Files())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"env/prod/prod.auto.xdcvars", "a.auto.xdcvars", "b.auto.xdcvars.json"}, names(set.VarFiles())); diff != "" {
		t.Error(diff)
	}
	if set.Folder() != "." {
		t.Errorf("the folder is %q, want that of the last path", set.Folder())
	}
	if !set.Files()[0].JSON || set.Files()[1].JSON {
		t.Error("JSON does not follow the name")
	}
	if got := string(set.Bytes("drill.xdc.hcl")); got != "# drill" {
		t.Errorf("Bytes: got %q", got)
	}
}

func TestLoadWithoutPathsIsTheWorkingDirectory(t *testing.T) {
	lay(t, map[string]string{"a.xdc.hcl": ""})
	if diff := cmp.Diff([]string{"a.xdc.hcl"}, names(load(t).Files())); diff != "" {
		t.Error(diff)
	}
}

func TestAFileReachedTwiceCountsOnce(t *testing.T) {
	dir := lay(t, map[string]string{"p/a.xdc.hcl": "", "p/b.xdc.hcl": ""})
	if err := os.Symlink("a.xdc.hcl", "p/link.xdc.hcl"); err != nil {
		t.Skip(err)
	}
	set := load(t, "p", "p/a.xdc.hcl", filepath.Join(dir, "p"))
	if diff := cmp.Diff([]string{"p/a.xdc.hcl", "p/b.xdc.hcl"}, names(set.Files())); diff != "" {
		t.Error(diff)
	}
}

func TestLoadFindings(t *testing.T) {
	lay(t, map[string]string{
		"drills/main.xdc.hcl": "", "empty/readme.md": "", "nested/one/a.xdc.hcl": "", "hcl/main.hcl": "",
		"utf16.xdc.hcl": "\xff\xfea\x00", "latin.xdc.hcl": "a = 1\n# caf\xe9\n",
	})
	if err := os.Truncate(touch(t, "huge.xdc.hcl"), source.MaxFile+1); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path string
		code diag.Code
		want string
	}{
		{"drils", diag.NoSuchPath, "Did you mean drills?"},
		{"drills/main", diag.NoSuchPath, "Did you mean drills/main.xdc.hcl?"},
		{"dirlls/main.xdc.hcl", diag.NoSuchPath, "There is not even a folder dirlls. Did you mean drills?"},
		{"empty", diag.NoPlanFiles, ".xdc.hcl or .xdc.hcl.json"},
		{"empty", diag.NoPlanFiles, "xdc init"},
		{"nested", diag.NoPlanFiles, "There is one in nested/one"},
		{"hcl", diag.NoPlanFiles, "If hcl/main.hcl is a plan"},
		{"utf16.xdc.hcl", diag.NotText, "UTF-16"},
		{"latin.xdc.hcl", diag.NotText, "The byte 0xe9 in line 2"},
		{"huge.xdc.hcl", diag.TooMuch, "16 MiB"},
		{os.DevNull, diag.Unreadable, "Not a regular file"},
		{"bad\x1b[31m", diag.NoSuchPath, "bad\ufffd[31m"},
	}
	if runtime.GOOS == "windows" {
		tests = tests[:len(tests)-2]
	}
	for _, tt := range tests {
		set, diags := source.Load([]string{tt.path})
		if set == nil {
			t.Fatalf("%s: no set", tt.path)
		}
		finding(t, tt.code, tt.want, diags)
	}
	_, diags := source.Load([]string{"latin.xdc.hcl"})
	if r := diags[0].Subject; r == nil || r.Start.Line != 2 || r.Start.Column != 6 || r.Start.Byte != 11 {
		t.Errorf("the bad byte is at %v, want line 2, column 6", r)
	}
	if _, diags := source.Load([]string{"drils", "empty"}); len(diags) != 2 {
		t.Errorf("got %v, want one finding for each path", diags)
	}
}

func touch(t *testing.T, name string) string {
	t.Helper()
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAByteOrderMarkIsNotPartOfThePlan(t *testing.T) {
	lay(t, map[string]string{"a.xdc.hcl": "\xef\xbb\xbflocals {}\n"})
	set := load(t, ".")
	if got := string(set.Files()[0].Bytes); got != "locals {}\n" {
		t.Errorf("got %q", got)
	}
	if r := set.Record()[0]; r.Size != 13 {
		t.Errorf("the record has %d bytes, want the file's 13", r.Size)
	}
}

func TestReadFileAndRecord(t *testing.T) {
	dir := lay(t, map[string]string{
		"plan/a.xdc.hcl": "x", "plan/data/in.json": "abc", "orders.sab": "bundle", "home/key": "k", "plan/v.auto.xdcvars": "",
	})
	t.Setenv("HOME", filepath.Join(dir, "home"))
	set := load(t, "plan")
	for _, name := range []string{"data/in.json", filepath.Join(dir, "plan", "data", "in.json"), "./data/../data/in.json"} {
		b, err := set.ReadFile(name, source.Function)
		if err != nil || string(b) != "abc" {
			t.Errorf("ReadFile(%q) = %q, %v", name, b, err)
		}
	}
	if err := set.HashFile("../orders.sab", source.Bundle); err != nil {
		t.Error(err)
	}
	if runtime.GOOS != "windows" {
		if b, err := set.ReadFile("~/key", source.Data); err != nil || string(b) != "k" {
			t.Errorf("got %q, %v", b, err)
		}
	}
	want := []source.FileRecord{
		{Path: "../home/key", Size: 1, Kind: "data", SHA256: "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"},
		{Path: "../orders.sab", Size: 6, Kind: "bundle", SHA256: "2ec14e9dedd3ab6f2b8c46a8d8beb1bef5ad24fdf6e7bd7a4bffb51553aa4bf8"},
		{Path: "a.xdc.hcl", Size: 1, Kind: "configuration", SHA256: "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"},
		{Path: "data/in.json", Size: 3, Kind: "function", SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{Path: "v.auto.xdcvars", Kind: "variables", SHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	}
	got := set.Record()
	for i := range got {
		if got[i].Path == "../orders.sab" {
			want[1].SHA256 = got[i].SHA256
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadFileErrors(t *testing.T) {
	lay(t, map[string]string{"a.xdc.hcl": "", "orders.jsonl": "", "sub/x": ""})
	set := load(t, ".")
	for name, want := range map[string]string{
		"order.jsonl": "read order.jsonl: there is no such file (file does not exist). Did you mean orders.jsonl?",
		"sub":         "read sub: it is a folder, not a file",
		"":            "the name of the file is empty",
	} {
		for what, err := range map[string]error{"HashFile": set.HashFile(name, "data"), "ReadFile": read(set, name)} {
			if err == nil || err.Error() != want {
				t.Errorf("%s(%q): got %v, want %s", what, name, err, want)
			}
		}
	}
	if err := read(set, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
	if err := os.Truncate(touch(t, "big"), source.MaxReadFile+1); err != nil {
		t.Fatal(err)
	}
	if err := read(set, "big"); err == nil || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("got %v, want the bound", err)
	}
}

func read(s *source.Set, name string) error {
	_, err := s.ReadFile(name, "function")
	return err
}

func TestAFileThatChangesBetweenTwoReadsIsRefused(t *testing.T) {
	lay(t, map[string]string{"a.xdc.hcl": "", "x": "1"})
	set := load(t, ".")
	if err := read(set, "x"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("x", []byte("2"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := read(set, "x"); err == nil || !strings.Contains(err.Error(), "has changed") {
		t.Errorf("got %v, want that it has changed", err)
	}
}

func TestSubSharesTheRecord(t *testing.T) {
	lay(t, map[string]string{"plan/a.xdc.hcl": "", "mods/m/m.xdc.hcl": "# m", "mods/m/data": "d", "mods/m/x.auto.xdcvars": ""})
	set := load(t, "plan")
	sub, diags := set.Sub("../mods/m")
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	if err := read(sub, "data"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"mods/m/m.xdc.hcl"}, names(sub.Files())); diff != "" {
		t.Error(diff)
	}
	if len(sub.VarFiles()) != 0 {
		t.Error("a module has files of variables")
	}
	if string(set.Bytes(sub.Files()[0].Name)) != "# m" {
		t.Error("the plan cannot show the module's text")
	}
	var paths []string
	for _, r := range set.Record() {
		paths = append(paths, r.Path)
	}
	if diff := cmp.Diff([]string{"../mods/m/data", "../mods/m/m.xdc.hcl", "a.xdc.hcl"}, paths); diff != "" {
		t.Error(diff)
	}
	_, diags = set.Sub("../mods/n")
	finding(t, diag.NoSuchPath, "Did you mean mods/m?", diags)
	_, diags = set.Sub("a.xdc.hcl")
	finding(t, diag.NoSuchPath, "A module is a folder", diags)
}

func TestMemory(t *testing.T) {
	set := source.Memory(map[string]string{"b.xdc.hcl": "b", "./a.xdc.hcl.json": "{}", "v.auto.xdcvars": "", "m/m.xdc.hcl": "m", "data/x": "1"})
	if diff := cmp.Diff([]string{"a.xdc.hcl.json", "b.xdc.hcl"}, names(set.Files())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"v.auto.xdcvars"}, names(set.VarFiles())); diff != "" {
		t.Error(diff)
	}
	if b, err := set.ReadFile("data/x", "data"); err != nil || string(b) != "1" {
		t.Errorf("got %q, %v", b, err)
	}
	sub, diags := set.Sub("./m")
	if diags.HasErrors() || sub.Folder() != "m" {
		t.Fatalf("got %v, %v", sub, diags)
	}
	for _, name := range []string{"../data/x", "../../etc/passwd", "/etc/passwd", "~/x"} {
		if _, err := sub.ReadFile(name, "data"); (err == nil) != (name == "../data/x") {
			t.Errorf("ReadFile(%q): %v", name, err)
		}
	}
	if fsys, err := set.FolderFS("data"); err != nil {
		t.Error(err)
	} else if _, err := fs.Stat(fsys, "x"); err != nil {
		t.Error(err)
	}
}

func TestFSShowsItsLabelAndCanBeIncluded(t *testing.T) {
	lay(t, map[string]string{"env/a.xdc.hcl": ""})
	root := load(t, "env")
	fsys := fstest.MapFS{"failback/main.xdc.hcl": {Data: []byte("# failback")}, "failback/t.txt": {Data: []byte("t")}, "other/x": {Data: []byte("x")}}
	set := source.FS(fsys, "failback", "xdc:failback")
	root.Include(set)
	if diff := cmp.Diff([]string{"xdc:failback/main.xdc.hcl"}, names(set.Files())); diff != "" {
		t.Error(diff)
	}
	if _, err := set.ReadFile("t.txt", "function"); err != nil {
		t.Error(err)
	}
	if _, err := set.ReadFile("../other/x", "function"); err == nil {
		t.Error("an embedded plan reads files beside it")
	}
	if !set.Embedded() || root.Embedded() {
		t.Error("Embedded is wrong")
	}
	if string(root.Bytes("xdc:failback/main.xdc.hcl")) != "# failback" {
		t.Error("the plan cannot show the embedded text")
	}
	var paths []string
	for _, r := range root.Record() {
		paths = append(paths, r.Path)
	}
	if diff := cmp.Diff([]string{"a.xdc.hcl", "xdc:failback/main.xdc.hcl", "xdc:failback/t.txt"}, paths); diff != "" {
		t.Error(diff)
	}
	if set := source.FS(fsys, "none", "xdc:none"); len(set.Files()) != 0 {
		t.Error("a folder that does not exist has files")
	}
}

func TestVarsReadsAFileOfVariables(t *testing.T) {
	lay(t, map[string]string{"plan/a.xdc.hcl": "", "prod.vars": "x = 1"})
	set := load(t, "plan")
	f, diags := set.Vars("./prod.vars")
	if len(diags) > 0 || f.Name != "prod.vars" || string(f.Bytes) != "x = 1" {
		t.Errorf("got %v, %v", f, diags)
	}
	if r := set.Record(); r[0].Path != "../prod.vars" || r[0].Kind != source.Variables {
		t.Errorf("the record is %v", r)
	}
	_, diags = set.Vars("prod.var")
	finding(t, diag.NoSuchPath, "Did you mean prod.vars?", diags)
}

func FuzzMemory(f *testing.F) {
	f.Add("a.xdc.hcl", "x = 1")
	f.Add("../a.xdc.hcl", "\xff")
	f.Add("/a//b.xdc.hcl.json", "\xef\xbb\xbf{}")
	f.Fuzz(func(t *testing.T, name, text string) {
		set := source.Memory(map[string]string{name: text, "a.xdc.hcl": ""})
		_ = read(set, name)
		_, _ = set.Sub(name)
		for _, file := range set.Files() {
			if strings.Contains(string(file.Bytes), "\xff") {
				t.Errorf("%q is not text", file.Bytes)
			}
		}
	})
}
