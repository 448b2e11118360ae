package cli

// Runs are the commands that touch something or look after what was touched.
type Runs struct{}
