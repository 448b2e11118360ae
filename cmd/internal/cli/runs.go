package cli

// Runs are the commands that touch something or look after what was touched.
type Runs struct {
	Rehearse Rehearse `cmd:"" help:"Run a plan against a twin of its targets; touches nothing real."`
	Apply    Apply    `cmd:"" help:"Run a plan for real, heal everything, measure and report."`
	Approve  Approve  `cmd:"" help:"Answer an approval of a run."`
	Recover  Recover  `cmd:"" help:"Undo what dead runs left behind."`
	Status   Status   `cmd:"" help:"Show runs, and what is not undone."`
	Import   Import   `cmd:"" help:"Turn a YAML scenario of the older Python framework into a plan."`
	Twin     TwinCmd  `cmd:"" help:"Serve a twin for apply --on."`
	Lab      LabCmd   `cmd:"" help:"Two data centres of namespaces on this machine, with real SSH and firewalls."`
	Trace    TraceCmd `cmd:"" help:"Look at what a run saw, signal by signal, or write it in other formats."`
	Check    Check    `cmd:"" help:"Judge a run that has ended again, by its own expectations or by others."`
	Doctor   Doctor   `cmd:"" help:"Look at every target of a plan, read-only: is anything in the way, and which assumptions hold?"`
	Compare  Compare  `cmd:"" help:"Look at several runs together: how figures are distributed, and whether they became worse."`
}
