package remote

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/xdc-project/xdc/providers/remote/sshconfig"
)

// readConfig reads the ssh configuration. The default one need not be there.
func (p *Pool) readConfig() (*sshconfig.Config, error) {
	name := p.opt.ConfigFile
	switch name {
	case "none":
		return nil, nil //nolint:nilnil // a nil configuration says nothing
	case "":
		name = filepath.Join(p.opt.Home, ".ssh", "config")
	default:
		name = inHome(name, p.opt.Home)
	}
	conf, err := sshconfig.Parse(name, sshconfig.Source{
		Read: os.ReadFile, Glob: filepath.Glob, Home: p.opt.Home, Folder: filepath.Join(p.opt.Home, ".ssh"),
	})
	if p.opt.ConfigFile == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // as above
	}
	if err != nil {
		return nil, err
	}
	for _, n := range conf.Notes {
		p.opt.Log.Warn("ssh configuration", "note", n)
	}
	return conf, nil
}
