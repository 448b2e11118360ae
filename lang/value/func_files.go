package value

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func fileFuncs() []entry {
	file := param{"path", "The file, relative to the plan's folder."}
	name := []param{{"path", "The path."}}
	return []entry{
		{"abspath", Files, "The path from the root of the file system, taken relative to the plan's folder.", name, `abspath("/a/../b")`, `"/b"`, abspathFunc},
		{"basename", Files, "The last part of a path.", name, `basename("a/b.txt")`, `"b.txt"`, text1("path", func(s string) (string, error) { return path.Base(slashes(s)), nil })},
		{"dirname", Files, "The path without its last part.", name, `dirname("a/b.txt")`, `"a"`, text1("path", func(s string) (string, error) { return path.Dir(slashes(s)), nil })},
		{"file", Files, "What stands in a file, which must be text in UTF-8. The file becomes part of saved plans, by its hash.", []param{file}, `file("motd.txt")`, ``, readerFunc(utf8Text)},
		{"filebase64", Files, "What stands in a file, in Base64.", []param{file}, `filebase64("key.der")`, ``, readerFunc(func(b []byte) (string, error) { return base64.StdEncoding.EncodeToString(b), nil })},
		{"fileexists", Files, "Whether there is such a file. A folder in its place is an error.", []param{file}, `fileexists("override.json")`, ``, fileExistsFunc},
		{
			"fileset", Files, "The files under a folder whose paths match a pattern, relative to that folder.",
			[]param{{"folder", "The folder, relative to the plan's."}, {"pattern", "A pattern: `*` stands for any text without a slash, `**` for any folders, `?` for a character, `{a,b}` for one of several."}},
			`fileset("configs", "*.txt")`, ``, filesetFunc,
		},
		{"pathexpand", Files, "The path with a ~ at its beginning replaced by the user's home folder.", name, `pathexpand("/etc/hosts")`, `"/etc/hosts"`, text1("path", expandHome)},
		{
			"templatefile", Files, "What stands in a file, taken as a template whose names are given.",
			[]param{file, {"vars", "An object with the names that the template may use."}},
			`templatefile("crossdc.txt.tmpl", { peer = "dc2" })`, ``, templateFileFunc,
		},
		{
			"templatestring", Files, "Text taken as a template whose names are given. In a plan, write `$${` for the template's own `${`.",
			[]param{{"template", "The template."}, {"vars", "An object with the names that the template may use."}},
			`templatestring("to $${peer}", { peer = "dc2" })`, `"to dc2"`, templateStringFunc,
		},
	}
}

func slashes(s string) string { return strings.ReplaceAll(s, `\`, "/") }

func expandHome(p string) (string, error) {
	if p != "~" && !strings.HasPrefix(p, "~/") {
		return p, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the home folder that ~ stands for: %w", err)
	}
	return filepath.ToSlash(home) + p[1:], nil
}

func abspathFunc(env FuncEnv) function.Function {
	return text1("path", func(p string) (string, error) {
		if !filepath.IsAbs(p) {
			p = filepath.Join(env.Folder, p)
		}
		abs, err := filepath.Abs(p)
		if err != nil {
			return "", fmt.Errorf("make the path %s absolute: %w", p, err)
		}
		return filepath.ToSlash(abs), nil
	})(env)
}

// readerFunc is a function of a file's bytes.
func readerFunc(f func([]byte) (string, error)) func(FuncEnv) function.Function {
	return func(env FuncEnv) function.Function {
		return text1("path", func(name string) (string, error) {
			b, err := env.ReadFile(name)
			if err != nil {
				return "", err
			}
			if len(b) > maxResult {
				return "", fmt.Errorf("read %s: larger than %d MiB", name, maxResult>>20)
			}
			out, err := f(b)
			if err != nil {
				return "", fmt.Errorf("read %s: %w", name, err)
			}
			return out, nil
		})(env)
	}
}

func fileExistsFunc(env FuncEnv) function.Function {
	return newSimple(cty.Bool, func(args []cty.Value) (cty.Value, error) {
		_, err := env.ReadFile(args[0].AsString())
		switch {
		case err == nil:
			return cty.True, nil
		case errors.Is(err, fs.ErrNotExist):
			return cty.False, nil
		}
		return cty.NilVal, function.NewArgError(0, err)
	}, nil, stringParam("path"))
}

// maxFileset bounds how many files a fileset holds.
const maxFileset = 10_000

func filesetFunc(env FuncEnv) function.Function {
	glob := env.Glob
	if glob == nil {
		glob = func(dir, pattern string) ([]string, error) {
			return GlobFS(os.DirFS(filepath.Join(env.Folder, dir)), pattern)
		}
	}
	return newSimple(cty.Set(cty.String), func(args []cty.Value) (cty.Value, error) {
		names, err := glob(args[0].AsString(), args[1].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgErrorf(1, "list files of %s: %w", args[0].AsString(), err)
		}
		if len(names) > maxFileset {
			return cty.NilVal, function.NewArgErrorf(1, "more than %d files match", maxFileset)
		}
		if len(names) == 0 {
			return cty.SetValEmpty(cty.String), nil
		}
		vals := make([]cty.Value, len(names))
		for i, n := range names {
			vals[i] = cty.StringVal(n)
		}
		return cty.SetVal(vals), nil
	}, nil, stringParam("folder"), stringParam("pattern"))
}

// GlobFS lists the regular files of fsys that match a pattern, sorted. It follows links to files only.
func GlobFS(fsys fs.FS, pattern string) ([]string, error) {
	if !doublestar.ValidatePattern(pattern) {
		return nil, fmt.Errorf("%q is not a pattern", pattern)
	}
	names, err := doublestar.Glob(fsys, path.Clean(pattern), doublestar.WithFilesOnly(), doublestar.WithNoFollow(), doublestar.WithFailOnIOErrors())
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	return names, nil
}
