//go:build !race

package network

// raced says that the race detector is on.
const raced = false
