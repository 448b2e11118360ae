//go:build race

package network

// raced says that the race detector is on. A kernel in an emulator is left to a pass without it, which make test makes too.
const raced = true
