//go:build race

package audit

// raced says that the race detector is on. What runs in one goroutine and takes a hundred times as long with it is left to a pass
// without it, which make test makes too.
const raced = true
