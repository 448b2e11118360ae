package value_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/value"
)

// secrets without characters of the mask, so that the mask itself is never mistaken for one.
var secretGen = rapid.StringMatching(`[0-9A-Zäß€😀'"$%&/\\ <>+=?#@!-]{6,24}`)

func TestRedactorKnowsEveryForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := secretGen.Draw(t, "secret")
		if len(strings.TrimSpace(secret)) < 6 {
			t.Skip("too little of it is text")
		}
		r := value.NewRedactor(secret)
		asJSON, _ := json.Marshal(secret)
		twice, _ := json.Marshal(string(asJSON))
		req, _ := http.NewRequest(http.MethodGet, "http://x/", nil)
		for name, form := range map[string]string{
			"plain":       secret,
			"base64":      base64.StdEncoding.EncodeToString([]byte(secret)),
			"base64url":   base64.RawURLEncoding.EncodeToString([]byte(secret)),
			"query":       url.QueryEscape(secret),
			"path":        url.PathEscape(secret),
			"json":        string(asJSON),
			"json twice":  string(twice),
			"go":          strconv.Quote(secret),
			"html":        html.EscapeString(secret),
			"sh":          "'" + strings.ReplaceAll(secret, "'", `'\''`) + "'",
			"url":         (&url.URL{Scheme: "http", Host: "x", User: url.UserPassword("u", secret)}).String(),
			"header line": "X: " + secret + "\r\n" + req.Method,
		} {
			out := r.String(">" + form + "<")
			if strings.Contains(out, secret) || strings.Contains(out, form) || !strings.Contains(out, value.Mask) {
				t.Fatalf("%s: %q is let through as %q", name, form, out)
			}
		}
	})
}

func TestRedactorKnowsBasicAuthentication(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user := rapid.StringMatching(`[a-z]{1,6}`).Draw(t, "user")
		secret := rapid.StringMatching(`[A-Z0-9]{10,20}`).Draw(t, "secret")
		auth := base64.StdEncoding.EncodeToString([]byte(user + ":" + secret))
		out := value.NewRedactor(secret).String("Authorization: Basic " + auth)
		if !strings.Contains(out, value.Mask) {
			t.Fatalf("%s is let through", auth)
		}
		rest := strings.Split(strings.TrimPrefix(out, "Authorization: Basic "), value.Mask)
		if dec, err := base64.RawStdEncoding.DecodeString(rest[0][:len(rest[0])/4*4]); err != nil || strings.Contains(string(dec), secret[:4]) {
			t.Fatalf("%q still tells the secret", out)
		}
	})
}

func TestRedactingWriterDoesNotDependOnHowWritesAreCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(rapid.StringMatching(`[abc]{3,6}`), 1, 4).Draw(t, "secrets")
		text := rapid.StringMatching(`[abcx]{0,60}`).Draw(t, "text") + "\n"
		r := value.NewRedactor(secrets...)
		var out bytes.Buffer
		w := r.Writer(&out)
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			if m, err := w.Write([]byte(rest[:n])); m != n || err != nil {
				t.Fatalf("Write returned %d, %v, want %d, nil", m, err, n)
			}
			rest = rest[n:]
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if want := r.String(text); out.String() != want {
			t.Fatalf("got %q, want %q", out.String(), want)
		}
		for _, s := range secrets {
			if strings.Contains(out.String(), s) {
				t.Fatalf("%q still holds %q", out.String(), s)
			}
		}
	})
}

func TestRedactingWriterMasksASecretThatIsCutShort(t *testing.T) {
	var out bytes.Buffer
	w := value.NewRedactor("hunter2hunter2").Writer(&out)
	_, _ = w.Write([]byte("password: hunter2hunter"))
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "password: "+value.Mask; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRedactorLearnsWhileWritersAreOpen(t *testing.T) {
	r := value.NewRedactor()
	var out bytes.Buffer
	w := r.Writer(&out)
	_, _ = w.Write([]byte("hunter2 "))
	r.Add("hunter2")
	_, _ = w.Write([]byte("hunter2 "))
	if got, want := out.String(), "hunter2 "+value.Mask+" "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRedactorKnowsTheLinesOfAKey(t *testing.T) {
	key := "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\nc2VjcmV0c2VjcmV0\n-----END KEY-----\n"
	out := value.NewRedactor(key).String("  MIIEpAIBAAKCAQEA\n  c2VjcmV0c2VjcmV0\n-----END KEY-----")
	if want := "  (sensitive)\n  (sensitive)\n-----END KEY-----"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

func TestRedactedJSONStaysJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.OneOf(rapid.StringMatching(`[0-9]{3,5}`), rapid.Just("true"), rapid.StringMatching(`[a-z"\\/<]{3,8}`)).Draw(t, "secret")
		if strings.Contains(value.Mask, secret) || strings.Contains(`u003c`, secret) {
			t.Skip("part of the mask")
		}
		raw, err := json.Marshal(map[string]any{"a": secret, "b": []any{"x" + secret + "y", 123, true, nil}, "c" + secret: 1.5e10, "n": json.Number("120")})
		if err != nil {
			t.Skip(err)
		}
		out := value.NewRedactor(secret).JSON(raw)
		var got map[string]any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%s is not JSON: %v", out, err)
		}
		if got["a"] != value.Mask {
			t.Fatalf("a is %v in %s", got["a"], out)
		}
	})
	if got, want := string(value.NewRedactor("123").JSON([]byte(`{"a": 123, "b": [1, null]}`))), `{"a": "(sensitive)", "b": [1, null]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRedactorLeavesOrdinaryTextAlone(t *testing.T) {
	r := value.NewRedactor("", "ab", "hunter2")
	for _, s := range []string{"", "ab", "hunter", "a hunter 2", "{}"} {
		if got := r.String(s); got != s {
			t.Errorf("String(%q) = %q", s, got)
		}
	}
}

func FuzzRedactJSON(f *testing.F) {
	f.Add("hunter2", `{"a":"hunter2"}`)
	f.Add("123", `[123, "\u00e4", {}]`)
	f.Add("nul", `null`)
	f.Fuzz(func(t *testing.T, secret, text string) {
		r := value.NewRedactor(secret)
		out := r.JSON([]byte(text))
		if json.Valid([]byte(text)) && !json.Valid(out) {
			t.Errorf("%q became %q", text, out)
		}
	})
}
