//go:build !linux

package lab

// Main does nothing: there are no labs here.
func Main() {}
