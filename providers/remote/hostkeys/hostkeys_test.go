package hostkeys

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
	"pgregory.net/rapid"
)

func key(t testing.TB, seed byte) ssh.PublicKey {
	t.Helper()
	k, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(append(make([]byte, 31), seed)).Public())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func line(k ssh.PublicKey) string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k))) }

// A changed key is a change only where a key of that host is known, and the file and line are said.
func TestTheFileAndLineAreSaid(t *testing.T) {
	one, two := key(t, 1), key(t, 2)
	files := []File{{Name: "a", Content: []byte("# comment\n\nhost " + line(one) + "\n")}, {Name: "b", Content: []byte("other " + line(two) + "\n")}}
	h := Find(files, "host", "22")
	var changed *ChangedError
	if err := h.Check(two); !errors.As(err, &changed) || len(changed.Want) != 1 || changed.Want[0].At() != "a:3" {
		t.Errorf("got %v", err)
	}
	if err := h.Check(one); err != nil {
		t.Error(err)
	}
	var unknown *UnknownError
	if err := Find(files, "third", "22").Check(one); !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
}

func TestBadLinesAreNotedAndPassedOver(t *testing.T) {
	one := key(t, 1)
	text := "host\nhost ssh-ed25519 !!!\n|1|x|y " + line(one) + "\n@odd host " + line(one) + "\n" + strings.Repeat("x", 70000) + "\nhost " + line(one) + "\n"
	h := Find([]File{{Name: "k", Content: []byte(text)}}, "host", "22")
	if err := h.Check(one); err != nil {
		t.Error(err)
	}
	if len(h.Notes) == 0 {
		t.Error("nothing is noted")
	}
}

// Whatever x/crypto writes for a host is found for that host, hashed or not, and for no other.
func TestNamesAreFoundAsTheyAreWritten(t *testing.T) {
	one := key(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		host := rapid.StringMatching(`[a-z0-9][a-z0-9.-]{0,12}`).Draw(t, "host")
		port := rapid.SampledFrom([]string{"22", "2222", "1"}).Draw(t, "port")
		name := knownhosts.Normalize(host + ":" + port) //nolint:misspell // its name
		if rapid.Bool().Draw(t, "hashed") {
			name = knownhosts.HashHostname(name)
		}
		files := []File{{Name: "k", Content: []byte(name + " " + line(one) + "\n")}}
		if err := Find(files, host, port).Check(one); err != nil {
			t.Fatalf("%s port %s written as %s: %v", host, port, name, err)
		}
		if err := Find(files, host+"x", port).Check(one); err == nil {
			t.Fatalf("found for another host")
		}
		other := map[string]string{"22": "2222", "2222": "22", "1": "22"}[port]
		if err := Find(files, host, other).Check(one); err == nil {
			t.Fatalf("found for another port")
		}
	})
}

func FuzzFind(f *testing.F) {
	f.Add([]byte("host ssh-ed25519 AAAA\n@cert-authority * ssh-rsa AAAA\n|1|a|b ssh-ed25519 AAAA"), "host", "22")
	f.Fuzz(func(t *testing.T, b []byte, host, port string) {
		h := Find([]File{{Name: "k", Content: b}}, host, port)
		_ = h.Check(key(t, 9))
		_ = h.Algorithms()
	})
}
