package source

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/xdc-project/xdc/lang/diag"
)

// unreachable is the finding about a path that cannot be looked at.
func (s *Set) unreachable(path string, err error) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Code: diag.NoSuchPath}
	err = cause(err)
	if errors.Is(err, fs.ErrNotExist) {
		d.Summary = fmt.Sprintf("There is no file or folder %s", clean(path))
		d.Detail = "A path is a folder with *.xdc.hcl files in it, or a file." + s.near(path)
		return d
	}
	d.Summary = fmt.Sprintf("%s cannot be opened", clean(path))
	d.Detail = sentence(err) + " Check who may read it."
	return d
}

// unreadable is the finding about a file that exists and cannot be read.
func (s *Set) unreadable(path string, err error) diag.Diagnostic {
	if large, ok := errors.AsType[errTooLarge](err); ok {
		return diag.Diagnostic{
			Severity: diag.Error, Code: diag.TooMuch, Summary: fmt.Sprintf("%s is too large", clean(path)),
			Detail: fmt.Sprintf("Plan files and files of variables have at most %d MiB. Data belongs in files of its own, which a plan names.", large.limit>>20),
		}
	}
	err = cause(err)
	if errors.Is(err, fs.ErrNotExist) {
		return s.unreachable(path, err)
	}
	return diag.Diagnostic{
		Severity: diag.Error, Code: diag.Unreadable, Summary: fmt.Sprintf("%s cannot be read", clean(path)),
		Detail: sentence(err) + " Check what it is and who may read it.",
	}
}

// emptyFolder is the finding about a folder without a plan: what was looked for, and what is there instead.
func (s *Set) emptyFolder(dir string, entries []fs.DirEntry) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Error, Code: diag.NoPlanFiles, Summary: fmt.Sprintf("There is no plan in the folder %s", clean(dir)),
		Detail: "Looked for files whose names end with .xdc.hcl or .xdc.hcl.json. Folders in it are not searched.",
	}
	var others, folders []string
	for _, e := range entries {
		n := e.Name()
		switch {
		case e.IsDir():
			if names, _, err := s.matching(s.place.join(dir, n), planSuffixes); err == nil && len(names) > 0 {
				folders = append(folders, clean(s.place.join(dir, n)))
			}
		case strings.HasSuffix(n, ".hcl") || strings.HasSuffix(n, ".xdc") || strings.HasSuffix(n, ".hcl.json"):
			others = append(others, clean(s.place.join(dir, n)))
		}
		if len(folders) >= 3 {
			break
		}
	}
	switch {
	case len(folders) > 0:
		d.Detail += fmt.Sprintf(" There is one in %s; name that.", strings.Join(folders, ", and one in "))
	case len(others) > 0:
		d.Detail += fmt.Sprintf(" If %s is a plan, name the file itself, or give it such a name.", others[0])
	default:
		d.Detail += " `xdc init` writes a first one."
	}
	return d
}

// near proposes a name beside path that was perhaps meant.
func (s *Set) near(path string) string {
	dir := s.place.dir(path)
	entries, err := s.place.list(dir)
	if err != nil {
		if up := s.place.dir(dir); up != dir && errors.Is(err, fs.ErrNotExist) {
			return fmt.Sprintf(" There is not even a folder %s.", clean(dir)) + s.near(dir)
		}
		return ""
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries[:min(len(entries), MaxFiles)] {
		names = append(names, e.Name())
	}
	base := filepath.Base(path)
	found := diag.Near(base, names)
	if found == "" {
		// A name without its ending is the commonest slip.
		i := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(n, base+".") })
		if i < 0 {
			return ""
		}
		found = names[i]
	}
	return fmt.Sprintf(" Did you mean %s?", clean(s.place.join(dir, found)))
}

// sentence makes a sentence of an error.
func sentence(err error) string {
	text := []rune(err.Error())
	if len(text) == 0 {
		return ""
	}
	text[0] = unicode.ToUpper(text[0])
	return strings.TrimRight(string(text), ".") + "."
}

// clean makes a file name safe to stand in a sentence.
func clean(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, name)
}
