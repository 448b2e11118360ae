package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/history"
	"github.com/xdc-project/xdc/engine/report"
)

// Compare looks at several runs together.
type Compare struct {
	Runs       []string `arg:"" name:"run" help:"Runs: names, the beginning or the end of them, their folders, or folders of runs."`
	Baseline   []string `name:"baseline" placeholder:"RUN" sep:"none" help:"Runs to hold them against, named the same way; may be repeated."`
	Level      float64  `name:"level" placeholder:"P" default:"0.05" help:"How probable a false alarm may be, over everything that is compared (${default})."`
	Tolerance  float64  `name:"tolerance" placeholder:"SHARE" default:"0" help:"By which share figures may be larger than the baseline's: 0.1 is 10% (${default})."`
	Confidence float64  `name:"confidence" placeholder:"SHARE" default:"0.95" help:"Confidence of the intervals (${default})."`
	Mixed      bool     `name:"mixed" help:"Compare runs of different plans."`
	Format     string   `name:"format" short:"f" enum:"text,html" default:"text" help:"text, or html: one page with the history of every figure."`
	Output     string   `name:"out" short:"o" placeholder:"FILE" help:"With --format html: file to write the page to, beside what is printed; not given, or -, is standard output instead."`
	RunDir
}

// Help has examples.
func (Compare) Help() string {
	return "How recovery times, losses and outages are distributed over several runs of a plan, how sure that is, and, with a baseline, whether there is evidence that they became worse. " +
		"Noise is no evidence: a pipeline fails by it in one of twenty comparisons at most.\n\n" +
		"Exit codes: 0 no evidence that anything is worse; 1 something is, or nothing could be compared.\n\n" +
		"Examples:\n\n    xdc compare .xdc/runs\n    xdc compare .xdc/runs --baseline release-41/ --tolerance 0.1\n    xdc compare --json last k3xq7p2a | jq .figures\n    xdc compare .xdc/runs --baseline release-41/ --format html --out history.html\n"
}

// Validate refuses numbers that mean nothing; kong calls it.
func (k *Compare) Validate() error {
	switch {
	case k.Level <= 0 || k.Level >= 1:
		return errors.New("--level must lie between 0 and 1")
	case k.Confidence <= 0 || k.Confidence >= 1:
		return errors.New("--confidence must lie between 0 and 1")
	case k.Tolerance < 0 || k.Tolerance > 100:
		return errors.New("--tolerance must not be negative, and not more than 100")
	case k.Output != "" && k.Format != "html":
		return errors.New("--out is where the page goes: it needs --format html")
	}
	return nil
}

// Run compares.
func (k *Compare) Run(c *Context) error {
	runs, err := k.summaries(c, k.Runs)
	if err != nil {
		return err
	}
	baseline, err := k.summaries(c, k.Baseline)
	if err != nil {
		return err
	}
	if len(k.Baseline) > 0 && len(baseline) == 0 {
		return errors.New("the baseline has no runs")
	}
	o := history.Options{Level: k.Level, Tolerance: k.Tolerance, Confidence: k.Confidence, Mixed: k.Mixed}
	got, err := history.Compare(runs, baseline, o)
	if err != nil {
		return err
	}
	if k.Format == "html" {
		err = k.page(c, got, o)
	} else {
		err = c.comparison(got, o)
	}
	if err == nil && len(got.Worse) > 0 {
		err = Silently(Failure)
	}
	return err
}

// page writes the history as HTML: to a file, beside what is printed, or to standard output.
func (k *Compare) page(c *Context, got history.Comparison, o history.Options) error {
	toFile := k.Output != "" && k.Output != "-"
	if c.JSON && !toFile {
		return errors.New("standard output cannot be JSON and a page: name a file with --out")
	}
	b, err := history.HTML(got, o)
	if err != nil {
		return err
	}
	b = []byte(c.Redactor.String(string(b)))
	if !toFile {
		_, err = c.Out.Write(b)
		return err
	}
	if err := os.WriteFile(k.Output, b, 0o600); err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	if err := c.comparison(got, o); err != nil {
		return err
	}
	fmt.Fprintf(c.Side, "The page is %s.\n", view.Clean(k.Output))
	return nil
}

// comparison prints what runs say together.
func (c *Context) comparison(got history.Comparison, o history.Options) error {
	if c.JSON {
		return c.encode(got)
	}
	return view.Comparison(c.Out, got, o, c.OutStyle)
}

// summaries reads runs. A name that is a folder of runs stands for all of them.
func (k *Compare) summaries(c *Context, names []string) ([]report.Summary, error) {
	var folders []session.Folder
	for _, name := range names {
		if i, err := os.Stat(name); err == nil && i.IsDir() {
			within, err := session.List(name)
			if err != nil {
				return nil, err
			}
			if len(within) > 0 {
				folders = append(folders, within...)
				continue
			}
		}
		f, err := session.Find(k.RunDir.RunDir, name)
		if err != nil {
			return nil, err
		}
		folders = append(folders, f)
	}
	var out []report.Summary
	seen := map[string]bool{}
	for _, f := range folders {
		if seen[f.ID] {
			continue
		}
		seen[f.ID] = true
		s, err := f.Summary()
		if err != nil {
			fmt.Fprintf(c.Side, "Warning: %s is left out: %s\n", view.Clean(f.Path), view.Clean(err.Error()))
			continue
		}
		out = append(out, s)
	}
	return out, nil
}
