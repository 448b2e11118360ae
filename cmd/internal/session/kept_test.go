package session

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/xdc-project/xdc/lang/value"
)

func TestKeptLinesHaveNoSecretsWhereverTheyAreCut(t *testing.T) {
	t.Parallel()
	const text = "{\"a\":\"hunter2 and \\\"more\\\"\"}\n{\"b\":[\"x\",\"hunter2\"]}\n{\"end\":true}\n"
	r := &value.Redactor{}
	r.Add("hunter2")
	var want string
	for cut := range len(text) + 1 {
		name := filepath.Join(t.TempDir(), "kept.jsonl")
		k, err := newKept(name, r.JSON)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{text[:cut], text[cut:]} {
			if n, err := k.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if cut == 0 {
			want = string(b)
		}
		if string(b) != want {
			t.Fatalf("cut at %d it is %s, and whole %s", cut, b, want)
		}
	}
	if want == text || len(want) == 0 {
		t.Errorf("the file has\n%s", want)
	}
	if _, err := newKept(filepath.Join(t.TempDir(), "no such folder", "x"), nil); err == nil {
		t.Error("a file was made where none can be")
	}
}
