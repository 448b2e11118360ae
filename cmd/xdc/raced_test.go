//go:build race

package main

// raced says that the race detector is on. Tests that start hundreds of xdc processes are left to a pass without it,
// which make test makes too.
const raced = true
