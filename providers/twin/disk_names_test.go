package twin

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNoNameLeadsOutOfAHost(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	host := filepath.Join(folder, "host")
	d := newDisk(nil, func(string) string { return host }, true)
	for _, name := range []string{"../secret", "/../secret", "/a/../../secret", "a/../../secret"} {
		if b, err := d.read("edge", name, 0); err == nil {
			t.Errorf("%s: %q", name, b)
		}
	}
	for _, at := range []string{"..", "/..", "/a/../.."} {
		if l := d.list("edge", at, "secret"); len(l) > 0 {
			t.Errorf("%s: %v", at, l)
		}
	}
}
