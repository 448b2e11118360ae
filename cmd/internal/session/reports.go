package session

import (
	"errors"
	"fmt"
	"os"

	"github.com/xdc-project/xdc/engine/report"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/signal"
)

// Summary folds a run's files into its summary.
func (f Folder) Summary() (report.Summary, error) {
	raw, err := os.ReadFile(f.File(PlanFile))
	if err != nil {
		return report.Summary{}, fmt.Errorf("read the run's plan: %w", err)
	}
	p, err := report.ParsePlan(raw)
	if err != nil {
		return report.Summary{}, fmt.Errorf("read the run's plan: %w", err)
	}
	return report.Fold(ReadEvents(f.File(EventsFile)), func(each func(signal.Sample)) error {
		return trace.ReadFile(f.File(trace.FileName), each, nil)
	}, p)
}

// WriteReports writes every report of a run, through redact if it is not nil, and returns its summary.
func (f Folder) WriteReports(redact func(string) string) (report.Summary, error) {
	s, err := f.Summary()
	if err != nil {
		return s, err
	}
	var errs []error
	write := func(name string, b []byte, err error) {
		if redact != nil {
			b = []byte(redact(string(b)))
		}
		if err == nil {
			err = os.WriteFile(f.File(name), b, 0o600)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("write %s: %w", name, err))
		}
	}
	b, err := report.JSON(s)
	write(ReportJSON, b, err)
	b, err = report.JUnit(s)
	write(ReportJUnit, b, err)
	write(SummaryFile, report.Markdown(s), nil)
	b, err = report.HTML(s)
	write(ReportHTML, b, err)
	return s, errors.Join(errs...)
}
