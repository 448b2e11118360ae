package providertest

import (
	"os"
	"testing"
)

// RequireVar names the environment variable that makes a skipped test a failed one. Continuous integration sets it: there,
// nothing that a lab needs may be missing.
const RequireVar = "XDC_REQUIRE_LAB"

// Lack ends a test for want of something. It is skipped with the reason; where everything must be there, it fails.
func Lack(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv(RequireVar) != "" {
		t.Fatalf(format+" ("+RequireVar+" is set)", args...)
	}
	t.Skipf(format, args...)
}
