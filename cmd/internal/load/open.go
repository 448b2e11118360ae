package load

import (
	"os"
	"path/filepath"

	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/providers"
)

// Opener opens files that a plan names, relative to a folder; "~/" is the user's home.
func Opener(folder string) func(name string) (providers.File, error) {
	return func(name string) (providers.File, error) {
		if len(name) > 2 && name[0] == '~' && os.IsPathSeparator(name[1]) {
			home, err := os.UserHomeDir()
			if err != nil {
				return nil, err
			}
			name = filepath.Join(home, name[2:])
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(folder, name)
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		i, err := f.Stat()
		if err != nil {
			_ = f.Close()
			return nil, err
		}
		return opened{f, i.Size()}, nil
	}
}

// opened is a file on disk, as long as it was when it was opened.
type opened struct {
	*os.File
	size int64
}

func (o opened) Size() int64 { return o.size }

// opener opens the files of a plan while planning; nil where it is for a stand-in, whose bundles are its own.
func (l *loading) opener(prog *program.Program) func(name string) (providers.File, error) {
	if l.StandIn {
		return nil
	}
	return Opener(prog.Folder)
}
