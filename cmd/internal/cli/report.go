package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/report"
)

// RunDir says where runs are kept.
type RunDir struct {
	RunDir string `name:"run-dir" placeholder:"DIR" default:"${run_dir}" help:"Folder in which runs are kept (${default})."`
}

// Report writes reports again.
type Report struct {
	Name   string   `arg:"" optional:"" name:"run" help:"The run: its name, the beginning or the end of it, its folder, or \"last\" (the default)."`
	Format []string `name:"format" short:"f" enum:"html,junit,json,markdown" default:"html,junit,json,markdown" help:"Which reports: html, junit, json, markdown."`
	Output string   `name:"out" short:"o" placeholder:"DIR" help:"Folder to write to; the run's own if not given. - with one format: standard output."`
	RunDir
}

// Help has examples.
func (Report) Help() string {
	return "A report is made from the run's plan.json, events and trace alone; nothing is run or judged again.\n\n" +
		"Examples:\n\n    xdc report\n    xdc report k3xq7p2a --format markdown --out -\n"
}

// Run writes them.
func (r *Report) Run(c *Context) error {
	folder, err := session.Find(r.RunDir.RunDir, r.Name)
	if err != nil {
		return err
	}
	s, err := folder.Summary()
	if err != nil && s.Format == "" {
		return err
	}
	if err != nil { // what came before the damage is still worth a report
		fmt.Fprintf(c.Side, "Warning: %s\n", view.Clean(err.Error()))
	}
	if r.Output == "-" {
		if len(r.Format) != 1 {
			return errors.New("--out - needs exactly one --format")
		}
		b, err := render(s, r.Format[0])
		if err != nil {
			return err
		}
		_, err = c.Out.Write(b)
		return err
	}
	dir := r.Output
	if dir == "" {
		dir = folder.Path
	}
	names, err := writeReports(s, dir, r.Format, c.Redactor.String)
	for _, n := range names {
		fmt.Fprintln(c.Out, view.Clean(n))
	}
	return err
}

var reportFiles = map[string]string{"html": session.ReportHTML, "junit": session.ReportJUnit, "json": session.ReportJSON, "markdown": session.SummaryFile}

// writeReports writes reports in these formats to a folder, through redact, and returns the names of what was
// written. It goes on after an error.
func writeReports(s report.Summary, dir string, formats []string, redact func(string) string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the folder for reports: %w", err)
	}
	var names []string
	var errs []error
	for _, format := range formats {
		b, err := render(s, format)
		if err == nil {
			name := filepath.Join(dir, reportFiles[format])
			if err = os.WriteFile(name, []byte(redact(string(b))), 0o600); err == nil {
				names = append(names, name)
			}
		}
		errs = append(errs, err)
	}
	return names, errors.Join(errs...)
}

func render(s report.Summary, format string) ([]byte, error) {
	switch format {
	case "html":
		return report.HTML(s)
	case "junit":
		return report.JUnit(s)
	case "json":
		return report.JSON(s)
	}
	return report.Markdown(s), nil
}
