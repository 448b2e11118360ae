// Package virtual runs a rehearsal in virtual time: everything inside one testing/synctest bubble.
//
// It knows nothing of plans or twins. What runs inside must wait only on what was made inside; a file may be
// written, but a real socket, a process or a channel from outside would stop the clock.
package virtual

import (
	"flag"
	"testing"
	"testing/synctest"
)

// Run calls fn inside a bubble and returns when fn has returned and every goroutine that it started has ended.
// Time inside begins at midnight UTC on 1 January 2000 and jumps forward whenever everybody waits.
//
// The standard library offers bubbles to tests only. testing.Main starts one in an ordinary program, but ends the
// process when its test ends; so the test that holds the bubble is left parked once fn has returned. Run may be
// called once in a process; the tests of this program call synctest.Test themselves.
func Run(fn func()) {
	// testing.Main would read the program's own arguments as flags of a test, unless flags were read before.
	_ = flag.CommandLine.Parse(nil)
	returned := make(chan any, 1)
	hold := func(t *testing.T) {
		defer func() {
			returned <- recover()
			select {}
		}()
		synctest.Test(t, func(*testing.T) { fn() })
	}
	match := func(_, _ string) (bool, error) { return true, nil }
	go testing.Main(match, []testing.InternalTest{{Name: "rehearsal", F: hold}}, nil, nil)
	if p := <-returned; p != nil {
		panic(p)
	}
}
