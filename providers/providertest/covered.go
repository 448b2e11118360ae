package providertest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/xdc-project/xdc/providers"
)

// The suite runs in the packages of many providers; that each fault went through it is seen afterwards, from what the runs
// have left in a folder.
const (
	// SuitesVar names the folder in which each fault that has passed the whole suite leaves a file.
	SuitesVar = "XDC_SUITES"
	// PassedVar names the same folder for those who look afterwards.
	PassedVar = "XDC_SUITES_PASSED" //nolint:gosec // no credential
)

// The parts of the suite.
const (
	wholeLife = "Run"
	noText    = "Hostile"
)

// passed notes that a fault has passed every case of a part that concerns it, with none skipped.
func passed(t *testing.T, part, fault string) {
	t.Helper()
	dir := os.Getenv(SuitesVar)
	if dir == "" {
		return
	}
	here, err := os.Getwd() // tests run in the folder of their package
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, record(part, fault, filepath.Base(here))), []byte(t.Name()+"\n"), 0o600) //nolint:gosec // the test's own caller names the folder
	}
	if err != nil {
		t.Error(err)
	}
}

func record(part, fault, where string) string { return part + " " + fault + " in " + where }

// Covered fails for every fault type of a registry that nobody claims to have run through the suite, for every claim about a
// fault that is not there, and, once the suites have run, for every claim that is not true. claims says by the fault's
// name in which package it is tried.
func Covered(t testing.TB, r *providers.Registry, claims map[string]string) {
	t.Helper()
	var names []string
	for _, p := range r.Providers() {
		for _, f := range p.Faults {
			names = append(names, f.Name)
		}
	}
	for _, n := range names {
		if claims[n] == "" {
			t.Errorf("the fault %s does not go through the suite, or nobody says where", n)
		}
	}
	dir := os.Getenv(PassedVar)
	for n, where := range claims {
		if !slices.Contains(names, n) {
			t.Errorf("%s tries a fault %s that is not there", where, n)
		}
		if dir == "" {
			continue
		}
		for _, part := range []string{wholeLife, noText} {
			if _, err := os.Stat(filepath.Join(dir, record(part, n, where))); err != nil { //nolint:gosec // as above
				t.Errorf("%s should have tried the fault %s, and it has not passed %s there: %v", where, n, part, err)
			}
		}
	}
}
