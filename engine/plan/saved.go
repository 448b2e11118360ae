package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/source"
)

// maxSaved bounds the size of a saved plan.
const maxSaved = 1 << 30

// Source is what a plan was made from besides its files: what is needed to make it again, the same.
type Source struct {
	// Folder is the folder that Paths and VarFiles are relative to; itself relative to the saved file, or absolute.
	Folder string `json:"folder"`
	// Paths are the PATHs of the command line, VarFiles the files given by --var-file.
	Paths    []string `json:"paths"`
	VarFiles []string `json:"var_files,omitempty"`
	// Now is what timestamp() said.
	Now time.Time `json:"now"`
	// Ways are the addresses of this machine from which hosts would be reached, by the hosts' addresses.
	Ways map[string]netip.Addr `json:"ways,omitempty"`
	// Env is what env() found: nil for variables that were not set.
	Env map[string]*string `json:"env,omitempty"`
}

// RecordWays wraps a question for the way to an address and notes the answers in the source.
func (s *Source) RecordWays(way func(address string) (netip.Addr, bool)) func(string) (netip.Addr, bool) {
	return func(address string) (netip.Addr, bool) {
		from, ok := way(address)
		if ok {
			if s.Ways == nil {
				s.Ways = map[string]netip.Addr{}
			}
			s.Ways[address] = from
		}
		return from, ok
	}
}

// Way is what the plan was made with.
func (s *Saved) Way(address string) (netip.Addr, bool) {
	from, ok := s.Source.Ways[address]
	return from, ok
}

// variablePrefix begins the environment variables that give variables of the plan; they are not env()'s.
const variablePrefix = "XDC_VAR_"

// Record wraps a lookup of environment variables and notes in the source what env() found. Variables of the plan,
// among which are secrets, are not noted.
func (s *Source) Record(lookup func(string) (string, bool)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := lookup(name)
		if strings.HasPrefix(name, variablePrefix) {
			return v, ok
		}
		if s.Env == nil {
			s.Env = map[string]*string{}
		}
		s.Env[name] = nil
		if ok {
			s.Env[name] = &v
		}
		return v, ok
	}
}

// savedFile is a saved plan: plan.json and what it was made from.
type savedFile struct {
	*Plan
	Source Source `json:"source"`
}

// Save writes a plan, with Plan.Source, so that Load can read it and exactly this can be run. It holds no secret.
func Save(p *Plan) ([]byte, error) {
	if p.Source == nil {
		return nil, errors.New("save the plan: it does not say what it was made from")
	}
	b, err := encode(savedFile{p, *p.Source})
	if err != nil {
		return nil, fmt.Errorf("save the plan: %w", err)
	}
	return b, nil
}

// encode writes indented JSON with a final newline; < > & stay as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Saved is a saved plan as it was read. To run it, the plan is built again from Source with the values of VarFile and
// Lookup, and then held against it by Verify.
type Saved struct {
	Format    string             `json:"format"`
	Version   string             `json:"version"`
	Name      string             `json:"name"`
	Source    Source             `json:"source"`
	Variables []program.Variable `json:"variables"`
	Files     []program.File     `json:"files"`
	Secrets   []string           `json:"secrets"`
	Providers []string           `json:"providers"`
	Digest    string             `json:"digest"`
	// parts are all fields of the plan as they were written.
	parts map[string]json.RawMessage
}

// Load reads a saved plan. Fields that it does not know are ignored; a newer major of the format is refused. What is
// in the file is only compared with what is built again, never run.
func Load(b []byte) (*Saved, error) {
	if len(b) > maxSaved {
		return nil, fmt.Errorf("read the saved plan: it has %d bytes; %d are allowed", len(b), maxSaved)
	}
	s := &Saved{}
	if err := json.Unmarshal(b, &s.parts); err != nil {
		return nil, fmt.Errorf("read the saved plan: it is not one JSON object, as `xdc plan --out` writes it: %w", err)
	}
	var head struct{ Format, Version string }
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("read the saved plan: %w", err)
	}
	if err := checkFormat(head.Format, head.Version); err != nil {
		return nil, fmt.Errorf("read the saved plan: %w", err)
	}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("read the saved plan: %w", err)
	}
	if s.parts["source"] == nil || s.Digest == "" {
		return nil, errors.New("read the saved plan: it does not say what it was made from; it may be a plan.json, which cannot be applied: use `xdc plan --out FILE`")
	}
	return s, nil
}

// checkFormat accepts this major of the format and every earlier one.
func checkFormat(got, by string) error {
	kind, major, ok := strings.Cut(got, "/")
	wantKind, want, _ := strings.Cut(Format, "/")
	n, err := strconv.Atoi(major)
	if !ok || kind != wantKind || err != nil || n < 1 {
		return fmt.Errorf("its format is %.40q; a plan has %q", got, Format)
	}
	if limit, _ := strconv.Atoi(want); n > limit {
		return fmt.Errorf("its format is %s, and this xdc reads up to %s: use the version of xdc that wrote it (%.40q), or a newer one", got, Format, by)
	}
	return nil
}

// Lookup answers for env() what it found when the plan was saved. Of the environment as it is now, which real looks
// up, only values for sensitive variables are taken.
func (s *Saved) Lookup(real func(string) (string, bool)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, ok := strings.CutPrefix(name, variablePrefix); ok {
			if real == nil || !slices.ContainsFunc(s.Variables, func(x program.Variable) bool { return x.Name == v && x.Sensitive }) {
				return "", false
			}
			return real(name)
		}
		if v := s.Source.Env[name]; v != nil {
			return *v, true
		}
		return "", false
	}
}

// VarFile has the values that the variables had, as a file of variables. Sensitive ones are not among them.
func (s *Saved) VarFile() (*source.File, error) {
	values := map[string]json.RawMessage{}
	for _, v := range s.Variables {
		if !v.Sensitive && len(v.Value) > 0 {
			values[v.Name] = v.Value
		}
	}
	b, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("read the variables of the saved plan: %w", err)
	}
	return &source.File{Name: "the saved plan", Path: "the saved plan", Bytes: b, JSON: true}, nil
}
