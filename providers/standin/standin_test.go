package standin

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestADescriptionIsReadFromItsFolder(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		`{"format":"xdc.stand-in/1","control":"http://127.0.0.1:1","targets":{"dc1":{"url":"https://127.0.0.1:2"}},"later":true}`: "",
		`{"format":"xdc.stand-in/2"}`:  `it has format "xdc.stand-in/2"; this xdc reads xdc.stand-in/1`,
		`[]`:                           "cannot unmarshal array",
		strings.Repeat(" ", maxSize+2): "more than 1048576 bytes",
	} {
		if err := os.WriteFile(filepath.Join(dir, FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Load(dir)
		switch {
		case want == "" && (err != nil || s.Dir != dir || s.Targets["dc1"].URL != "https://127.0.0.1:2"):
			t.Errorf("%+v, %v", s, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
	if _, err := Load(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// What is read of a stand-in that is gone removes nothing outside of its folder.
func TestOnlyWhatLiesInTheFolderIsRemoved(t *testing.T) {
	dir := t.TempDir()
	inside, outside := filepath.Join(dir, "in"), filepath.Join(dir, "kept")
	if err := os.Mkdir(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(inside, "token"), filepath.Join(inside, FileName), outside} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := StandIn{Dir: inside, TokenFile: "token", Targets: map[string]Connection{"dc1": {PasswordFile: "../kept", Hosts: map[string]Host{"a": {IdentityFile: outside}}}}}
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(inside); err != nil || len(left) != 0 {
		t.Errorf("%v are left, %v", left, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"format":"xdc.stand-in/1","targets":{"dc1":{"url":"u","hosts":{"edge":{"address":"a","port":1,"process":{"pid":2,"started":"3"}}}}},"runner":{"pid":4}}`))
	f.Add([]byte(`{"format":"xdc.stand-in/1","pid":-1,"runner":null}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decode(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		back, err := decode(again)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if diff := cmp.Diff(s, back, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}
