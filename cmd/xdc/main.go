// Command xdc plans, rehearses and runs failover tests across two data centres.
package main

import (
	"os"

	"github.com/xdc-project/xdc/cmd/internal/cli"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
	"github.com/xdc-project/xdc/providers/lab"
)

// hooks are set by fault tests alone.
var hooks *cli.Hooks

// way is another one in tests: what a plan says must not depend on the routes of the machine that they run on.
var way = session.WayTo

// version is set when a release is built.
var version = "0.1.0-dev"

func main() {
	lab.Main() // does not return where this is a process of a lab
	os.Exit(run())
}

// run is the whole program; the tests of the command line call it too.
func run() int {
	p := cli.Program{Registry: all.Registry, Shipped: plans.Find, Version: cli.VersionOf(version), Way: way, Hooks: hooks}
	return p.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv)
}
