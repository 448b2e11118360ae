package session

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/check"
)

// Rejudge judges a plan's expectations by what the run has recorded.
func (f Folder) Rejudge(p *plan.Plan) ([]event.Judged, error) {
	return exec.Rejudge(p, exec.Recording{Events: ReadEvents(f.File(EventsFile)), Trace: func(to trace.Visitor) error { return trace.VisitFile(f.File(trace.FileName), to) }})
}

// Verdicts are those that the run itself came to, by step.
func (f Folder) Verdicts() (map[string]event.Verdict, error) {
	out := map[string]event.Verdict{}
	for ev, err := range ReadEvents(f.File(EventsFile)) {
		if err != nil {
			return out, err
		}
		if b, ok := ev.Body.(*event.Judged); ok {
			out[b.Step] = b.Verdict
		}
	}
	return out, nil
}

// Source finds the files that the run's plan was made of, and the values of its variables. The files must be what they
// were.
func (f Folder) Source() (paths []string, vars []check.VarAssign, err error) {
	raw, err := os.ReadFile(f.File(PlanFile))
	if err != nil {
		return nil, nil, fmt.Errorf("read the run's plan: %w", err)
	}
	var p struct {
		Files []struct {
			Path, Kind, SHA256 string
		} `json:"files"`
		Variables []struct {
			Name      string
			Value     json.RawMessage
			Sensitive bool
			Source    string
		} `json:"variables"`
		Steps []struct{ File string } `json:"steps"`
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, nil, fmt.Errorf("read the run's plan: %w", err)
	}
	for _, file := range p.Files {
		if file.Kind != "configuration" {
			continue
		}
		full := ""
		for _, s := range p.Steps {
			if s.File == file.Path || strings.HasSuffix(s.File, string(filepath.Separator)+file.Path) {
				full = s.File
			}
		}
		if full == "" { // no step stands in it: it lies beside one that has
			for _, s := range p.Steps {
				if beside := filepath.Join(filepath.Dir(s.File), file.Path); s.File != "" && full == "" {
					if _, err := os.Stat(beside); err == nil {
						full = beside
					}
				}
			}
		}
		b, err := os.ReadFile(full)
		if err != nil {
			return nil, nil, fmt.Errorf("the run was made from %s, which cannot be read (%w): name the plan to judge by", file.Path, err)
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != file.SHA256 {
			return nil, nil, fmt.Errorf("%s has changed since the run: name it, to judge the run by what it says now", full)
		}
		paths = append(paths, full)
	}
	if len(paths) == 0 {
		return nil, nil, fmt.Errorf("the run's plan names no files: name the plan to judge by")
	}
	for _, v := range p.Variables {
		if v.Sensitive || v.Source == "default" || len(v.Value) == 0 {
			continue
		}
		text := string(v.Value)
		var s string
		if json.Unmarshal(v.Value, &s) == nil {
			text = s
		}
		vars = append(vars, check.VarAssign{Name: v.Name, Text: text, Source: "the run"})
	}
	return paths, vars, nil
}
