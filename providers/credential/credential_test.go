package credential_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/credential"
)

func TestASecretIsFoundWhereThePlanSays(t *testing.T) {
	var concealed []string
	env := providers.Env{
		Conceal:  func(s string) { concealed = append(concealed, s) },
		Secret:   func(slot string) (string, error) { return "of " + slot, nil },
		ReadFile: func(name string) ([]byte, error) { return []byte("in " + name + "\r\n"), nil },
	}
	for want, s := range map[string]credential.Source{
		"of var.p":   {Value: providers.Text{Slot: "var.p"}},
		"in pw.txt":  {File: "pw.txt"},
		"by command": {Command: []string{"echo", "by command"}},
	} {
		if got, err := s.Reveal(t.Context(), env); err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	if len(concealed) != 2 {
		t.Errorf("the redactor was told of %q", concealed)
	}
}

func TestASecretThatCannotBeHadIsNamedAndNotShown(t *testing.T) {
	env := providers.Env{
		Secret: func(string) (string, error) { return "", errors.New("it has no value") },
		ReadFile: func(name string) ([]byte, error) {
			switch name {
			case "empty":
				return []byte("\n"), nil
			case "huge":
				return make([]byte, 1<<20), nil
			}
			return nil, os.ErrNotExist
		},
	}
	for word, s := range map[string]credential.Source{
		"var.p":             {Value: providers.Text{Slot: "var.p"}},
		"pw.txt":            {File: "pw.txt"},
		"must not be empty": {File: "empty"},
		"64 KiB":            {File: "huge"},
		"run it by hand":    {Command: []string{"sh", "-c", "echo s3cret; exit 1"}},
		"no-such-program":   {Command: []string{"no-such-program"}},
		"no secret; have":   {Command: []string{"head", "-c", "200000", "/dev/zero"}},
	} {
		got, err := s.Reveal(t.Context(), env)
		if err == nil || !strings.Contains(err.Error(), word) || got != "" || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %q, %v", word, got, err)
		}
	}
}
