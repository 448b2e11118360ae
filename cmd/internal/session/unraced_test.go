//go:build !race

package session_test

import "testing"

func leftToAPassWithoutTheDetector(*testing.T) {}
