package source

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/lang/diag"
)

// What plan files and files of variables are called.
var (
	planSuffixes = []string{".xdc.hcl", ".xdc.hcl.json"}
	varSuffixes  = []string{".auto.xdcvars", ".auto.xdcvars.json"}
)

// Load reads the plan that several paths form together, as if all their files lay in one folder; none means the
// working directory. A folder gives its *.xdc.hcl and *.xdc.hcl.json files, sorted, without those of folders in
// it. A file may have any name; one that ends with .json is in JSON syntax. A file that is reached twice counts
// once.
//
// The plan's Folder, which relative names in it mean, is that of the last path: the folder itself, or the one
// the file is in. Files of variables are taken from every folder given and from the plan's Folder.
//
// The set is usable whatever the findings are, with what could be read.
func Load(paths []string) (*Set, diag.List) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	p := osPlace{}
	s := newSet(p, folderOf(p, paths[len(paths)-1]))
	var diags diag.List
	seen := map[string]bool{}
	folders := []string{}
	for _, path := range paths {
		path = filepath.Clean(path)
		info, err := p.stat(path)
		switch {
		case err != nil:
			diags = diags.Append(s.unreachable(path, err))
		case info.IsDir():
			diags = append(diags, s.addPlans(path, seen)...)
			folders = append(folders, path)
		default:
			diags = append(diags, s.add(path, Configuration, seen)...)
		}
	}
	if !slices.ContainsFunc(folders, func(f string) bool { return p.identity(f) == p.identity(s.folder) }) && !diags.HasErrors() {
		folders = append(folders, s.folder)
	}
	for _, f := range folders {
		diags = append(diags, s.addVars(f, seen)...)
	}
	return s, diags
}

// Sub reads the folder of a module, relative to this one's Folder. It shares the record and the snippets and
// has no files of variables. Findings have no place in a file; the caller knows who asked.
func (s *Set) Sub(dir string) (*Set, diag.List) {
	path, err := s.place.resolve(s.folder, dir)
	if err != nil {
		return nil, diag.List(nil).Append(s.unreachable(dir, err))
	}
	info, err := s.place.stat(path)
	if err != nil {
		return nil, diag.List(nil).Append(s.unreachable(path, err))
	}
	if !info.IsDir() {
		return nil, diag.List{{
			Severity: diag.Error, Code: diag.NoSuchPath, Summary: fmt.Sprintf("%s is not a folder", clean(path)),
			Detail: "A module is a folder with a plan in it. Name the folder, not a file.",
		}}
	}
	sub := &Set{place: s.place, folder: path, ledger: s.ledger}
	return sub, sub.addFolder(path, false)
}

// Vars reads a file of variables that was named by the user, as it was typed. It may have any name.
func (s *Set) Vars(name string) (*File, diag.List) {
	loose := &Set{place: osPlace{}, folder: ".", ledger: s.ledger}
	diags := loose.add(filepath.Clean(name), Variables, map[string]bool{})
	if len(loose.varFiles) == 0 {
		return nil, diags
	}
	return loose.varFiles[0], diags
}

func folderOf(p place, path string) string {
	path = filepath.Clean(path)
	if info, err := p.stat(path); err == nil && !info.IsDir() {
		return p.dir(path)
	}
	return path
}

func (s *Set) addFolder(dir string, vars bool) diag.List {
	seen := map[string]bool{}
	diags := s.addPlans(dir, seen)
	if vars {
		diags = append(diags, s.addVars(dir, seen)...)
	}
	return diags
}

func (s *Set) addPlans(dir string, seen map[string]bool) diag.List {
	names, entries, err := s.matching(dir, planSuffixes)
	if err != nil {
		return diag.List{s.unreachable(dir, err)}
	}
	if len(names) == 0 {
		return diag.List{s.emptyFolder(dir, entries)}
	}
	var diags diag.List
	for _, n := range names {
		if len(s.files) >= MaxFiles {
			return append(diags, diag.Diagnostic{
				Severity: diag.Error, Code: diag.TooMuch, Summary: "Too many plan files",
				Detail: fmt.Sprintf("At most %d files can form one plan. Look into %s: something may have written files there.", MaxFiles, clean(dir)),
			})
		}
		diags = append(diags, s.add(s.place.join(dir, n), Configuration, seen)...)
	}
	return diags
}

func (s *Set) addVars(dir string, seen map[string]bool) diag.List {
	names, _, err := s.matching(dir, varSuffixes)
	if err != nil {
		return diag.List{s.unreachable(dir, err)}
	}
	var diags diag.List
	for _, n := range names[:min(len(names), MaxFiles)] {
		diags = append(diags, s.add(s.place.join(dir, n), Variables, seen)...)
	}
	return diags
}

// matching lists the files of a folder that end with one of the suffixes, sorted, and all its entries.
func (s *Set) matching(dir string, suffixes []string) (names []string, all []fs.DirEntry, err error) {
	all, err = s.place.list(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range all {
		n := e.Name()
		hidden := strings.HasPrefix(n, ".") || strings.HasSuffix(n, "~") || strings.HasPrefix(n, "#")
		if hidden || e.IsDir() || !slices.ContainsFunc(suffixes, func(x string) bool { return strings.HasSuffix(n, x) && n != x }) {
			continue
		}
		names = append(names, n)
	}
	slices.Sort(names)
	return names, all, nil
}

// add reads one file, unless it was reached before.
func (s *Set) add(path, kind string, seen map[string]bool) diag.List {
	id := s.place.identity(path)
	if seen[id] {
		return nil
	}
	seen[id] = true
	raw, err := readBounded(s.place, path, MaxFile)
	if err != nil {
		return diag.List{s.unreadable(path, err)}
	}
	f := &File{Name: path, Path: path, JSON: isJSON(path)}
	text, d := text(path, raw)
	f.Bytes = text
	if err := s.keep(f, raw, kind); err != nil {
		return diag.List{s.unreadable(path, err)}
	}
	if d != nil {
		return diag.List{*d}
	}
	if kind == Variables {
		s.varFiles = append(s.varFiles, f)
	} else {
		s.files = append(s.files, f)
	}
	return nil
}

var bom = []byte("\xef\xbb\xbf")

// text takes the byte order mark off and checks that the rest is UTF-8.
func text(name string, raw []byte) ([]byte, *diag.Diagnostic) {
	if bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff")) {
		return nil, &diag.Diagnostic{
			Severity: diag.Error, Code: diag.NotText, Summary: fmt.Sprintf("%s is in UTF-16", clean(name)),
			Detail: "Plans are read as UTF-8. Save the file in that encoding.",
		}
	}
	b := bytes.TrimPrefix(raw, bom)
	if utf8.Valid(b) {
		return b, nil
	}
	at := hcl.InitialPos
	for rest := b; ; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n <= 1 {
			break
		}
		at.Byte += n
		at.Column++
		if r == '\n' {
			at.Line, at.Column = at.Line+1, 1
		}
		rest = rest[n:]
	}
	end := at
	end.Byte++
	end.Column++
	return bytes.ToValidUTF8(b, []byte("?")), &diag.Diagnostic{
		Severity: diag.Error, Code: diag.NotText, Summary: fmt.Sprintf("%s is not text in UTF-8", clean(name)),
		Detail:  fmt.Sprintf("The byte %#02x in line %d does not belong there. Save the file as UTF-8.", b[at.Byte], at.Line),
		Subject: &hcl.Range{Filename: name, Start: at, End: end},
	}
}

// explain is cause, with a name that is near if the file does not exist.
func (s *Set) explain(path string, err error) error {
	err = cause(err)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w.%s", err, s.near(path))
}
