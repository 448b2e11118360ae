package providertest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
)

// canary is the file that a hostile value makes where something of it is executed.
const canary = "/tmp/xdc-owned"

// hostile are values that should be nothing but text to everybody.
var hostile = []struct{ name, value string }{
	{"single quotes", "'; touch " + canary + "; '"},
	{"double quotes", `"; touch ` + canary + `; "`},
	{"a substitution", "$(touch " + canary + ")"},
	{"backticks", "`touch " + canary + "`"},
	{"an expansion", "${HOME}$((1+1))*?[a-z]~"},
	{"separators", "x; touch " + canary + " & touch " + canary + " | touch " + canary},
	{"newlines", "x\ntouch " + canary + "\n"},
	{"a carriage return", "x\r\ntouch " + canary + "\r\n"},
	{"a dash", "-e"},
	{"two dashes", "--help"},
	{"an option with a value", "--rsh=touch " + canary},
	{"a zero byte", "x\x00y"},
	{"64 KiB", strings.Repeat("x", 64<<10)},
	{"invalid UTF-8", "x\xff\xfe\xc0\x80y"},
	{"terminal escapes", "\x1b]0;x\x07\x1b[2J\x1b[31mx\x9b1m"},
	{"rules", "10.0.0.0/8 }\nflush ruleset\n"},
	{"a path upwards", "../../../../../../nowhere/xdc"},
	{"a pattern of everything", ".*"},
	{"nothing", ""},
	{"a space", " "},
}

// Hostile gives every string that a fault takes, those in lists and maps too, each hostile value, the other arguments as the
// world has them, and leads the fault through its life. To refuse a value is fine. Nothing of one may be executed, and
// nothing be left. What a plan's own command lines do (schema.ShellArgs) is theirs: of these only the first is asked.
// in is that of Run.
func Hostile(t *testing.T, ft providers.FaultType, in func(t *testing.T, try func(t *testing.T, w *World))) {
	t.Helper()
	whole := true
	for _, a := range ft.Schema.Attributes {
		places := stringsIn(a)
		if places == nil {
			continue
		}
		tried := false
		t.Run(a.Name, func(t *testing.T) {
			defer func() { tried = !t.Skipped() }()
			own := a.Form == schema.ShellArgs
			if !own {
				in(t, func(t *testing.T, w *World) {
					for _, v := range hostile {
						for _, args := range places(t, w.Args, v.value) {
							suffer(t, ft, w, a.Name+" is "+v.name, args, own)
						}
					}
				})
				return
			}
			for i, v := range hostile { // each in a world of its own, and the places in turn
				in(t, func(t *testing.T, w *World) {
					all := places(t, w.Args, v.value)
					suffer(t, ft, w, a.Name+" has "+v.name, all[i%len(all)], own)
				})
			}
		})
		whole = whole && tried
	}
	if len(ft.Schema.Blocks) > 0 {
		t.Errorf("the strings in the blocks of %s are not tried", ft.Name)
	}
	if whole && !t.Failed() {
		passed(t, noText, ft.Name)
	}
}

// stringsIn returns how a value is put into an attribute; nil where it takes no strings.
func stringsIn(a schema.Attribute) func(t *testing.T, args json.RawMessage, v string) []json.RawMessage {
	switch ty := a.Type; {
	case ty == cty.String:
		return func(t *testing.T, args json.RawMessage, v string) []json.RawMessage {
			return []json.RawMessage{with(t, args, a.Name, mark, v)}
		}
	case (ty.IsListType() || ty.IsSetType()) && ty.ElementType() == cty.String:
		return func(t *testing.T, args json.RawMessage, v string) []json.RawMessage {
			var given map[string]json.RawMessage
			var list []string
			if err := json.Unmarshal(args, &given); err != nil {
				t.Fatal(err)
			}
			if raw := given[a.Name]; raw != nil {
				if err := json.Unmarshal(raw, &list); err != nil {
					t.Fatal(err)
				}
			}
			// In place of the last, and beside what is there.
			out := []json.RawMessage{with(t, args, a.Name, append(append([]string{}, list[:max(len(list)-1, 0)]...), mark), v)}
			if len(list) > 0 {
				out = append(out, with(t, args, a.Name, append(append([]string{}, list...), mark), v))
			}
			return out
		}
	case ty.IsMapType() && ty.ElementType() == cty.String:
		return func(t *testing.T, args json.RawMessage, v string) []json.RawMessage {
			return []json.RawMessage{with(t, args, a.Name, map[string]string{"x": mark}, v), with(t, args, a.Name, map[string]string{mark: "x"}, v)}
		}
	}
	return nil
}

// mark stands for the hostile value until the arguments are encoded: an encoder would put something else in place of bytes that are
// no text.
const mark = "the-hostile-value"

func with(t *testing.T, args json.RawMessage, name string, value any, v string) json.RawMessage {
	t.Helper()
	var given map[string]any
	if err := json.Unmarshal(args, &given); err != nil {
		t.Fatal(err)
	}
	given[name] = value
	raw, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if !utf8.ValidString(v) {
		encoded = []byte(`"` + strings.NewReplacer("\x1b", `\u001b`, "\x07", `\u0007`).Replace(v) + `"`)
	}
	return bytes.ReplaceAll(raw, []byte(`"`+mark+`"`), encoded)
}

// suffer leads a fault with a hostile value through as much of its life as it lives.
func suffer(t *testing.T, ft providers.FaultType, w *World, what string, args json.RawMessage, own bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tr := &trial{ft: ft, w: w, deed: ft.New(w.Env), ctx: ctx}
	tr.before = tr.state(t)
	ft.Describe(w.Scope, args) // whatever it says, it does not panic
	h, err := tr.deed.Prepare(ctx, w.ID, args)
	if err == nil {
		h = reload(t, h)
		a, armed := tr.deed.(providers.Armer)
		if armed {
			err = a.Arm(ctx, h, long)
		}
		if err == nil {
			if err = tr.deed.Inject(ctx, h); err == nil {
				_, _ = tr.deed.Verify(ctx, h) // it may well not bite
			}
		}
		if err := tr.deed.Heal(ctx, h); err != nil && !own {
			t.Errorf("%s: heal: %.300v", what, err)
		}
		if !own {
			tr.await(t, what+": verify healed", false, func() (providers.Effect, error) { return tr.deed.VerifyHealed(ctx, h) })
		}
		if armed {
			if err := a.Disarm(ctx, h); err != nil {
				t.Errorf("%s: disarm: %.300v", what, err)
			}
		}
	}
	if w.Owned != nil && w.Owned(canary) || w.Owned == nil && there(canary) {
		t.Fatalf("%s, and something of it was executed", what)
	}
	if !own {
		tr.same(t, "after "+what)
	}
}

func there(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
