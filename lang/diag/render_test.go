package diag_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/lang/diag"
)

// find is the range of the nth occurrence (from 0) of words in a text.
func find(name, text, words string, nth int) *hcl.Range {
	at := 0
	for range nth + 1 {
		i := strings.Index(text[at:], words)
		if i < 0 {
			panic("no " + words)
		}
		at += i + 1
	}
	at--
	pos := func(b int) hcl.Pos {
		before := text[:b]
		return hcl.Pos{Byte: b, Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + 1}
	}
	return &hcl.Range{Filename: name, Start: pos(at), End: pos(at + len(words))}
}

const plan = `fault "network_partition" "cut" {
  hosts    = [target.dc1.host.edge]
	duratin  = "60s"
  note     = "データ → ${var.größe}"
}

fault "network_partition" "cut" {
  hosts = [
    target.dc1.host.edge,
    target.dc9.host.edge,
  ]
}
`

func cases() map[string]diag.List {
	long := strings.Repeat("x = 1, ", 100) + "bad_thing" + strings.Repeat(", y = 2", 100)
	return map[string]diag.List{
		"attribute": {{
			Severity: diag.Error, Code: diag.UnknownArgument, Summary: "There is no argument duratin",
			Detail:  `A fault of type network_partition has no such argument. Did you mean "duration"?`,
			Subject: find("main.xdc.hcl", plan, "duratin", 0),
		}},
		"wide": {{
			Severity: diag.Error, Code: diag.EvalFailed, Summary: "The template has no value", Detail: "The variable is a list.",
			Subject: find("main.xdc.hcl", plan, "var.größe", 0),
			Values:  []diag.Value{{Name: "var.größe", Text: "[1, 2]"}, {Name: "var.password", Text: "(sensitive)"}},
		}},
		"related": {{
			Severity: diag.Error, Code: diag.DuplicateName, Summary: "There are two faults network_partition.cut",
			Detail:  "Names are unique.",
			Subject: find("main.xdc.hcl", plan, `fault "network_partition" "cut"`, 1),
			Related: &diag.Related{Message: "first declared here", Range: *find("main.xdc.hcl", plan, `fault "network_partition" "cut"`, 0)},
		}},
		"lines": {{
			Severity: diag.Warning, Code: diag.WrongReference, Summary: "Two of one", Detail: "  a list\n  laid out\nand a sentence that is long enough to be wrapped when there are only forty columns.",
			Subject: find("main.xdc.hcl", plan, "[\n    target.dc1.host.edge,\n    target.dc9.host.edge,\n  ]", 0),
		}},
		"context": {{
			Severity: diag.Error, Code: diag.UnknownReference, Summary: "There is no target dc9", Detail: "There are dc1 and dc2.",
			Subject: find("main.xdc.hcl", plan, "dc9", 0),
			Context: find("main.xdc.hcl", plan, "[\n    target.dc1.host.edge,\n    target.dc9.host.edge,\n  ]", 0),
		}},
		"nowhere": {{Severity: diag.Error, Code: diag.NoSuchPath, Summary: "There is no file or folder x", Detail: "A path is a folder."}},
		"address": {{Severity: diag.Error, Code: diag.Unclassified, Summary: "It did not bite", Address: "fault.network_partition.cut"}},
		"unread":  {{Severity: diag.Error, Code: diag.BadSyntax, Summary: "Not valid", Subject: find("gone.xdc.hcl", plan, "note", 0)}},
		"long":    {{Severity: diag.Error, Code: diag.BadSyntax, Summary: "Not valid", Subject: find("long.xdc.hcl", long, "bad_thing", 0)}},
		"crlf":    {{Severity: diag.Error, Code: diag.BadSyntax, Summary: "Not valid", Subject: find("crlf.xdc.hcl", crlf, "b = 2\r\n", 0)}},
		"end":     {{Severity: diag.Error, Code: diag.BadSyntax, Summary: "A brace is missing", Subject: &hcl.Range{Filename: "main.xdc.hcl", Start: hcl.Pos{Line: 13, Column: 1, Byte: len(plan)}, End: hcl.Pos{Line: 13, Column: 1, Byte: len(plan)}}}},
		"hostile": {{Severity: diag.Error, Code: diag.BadSyntax, Summary: "Bad \x1b[31mred\x1b[0m\nsummary", Detail: "A \u202e reversed \x07 bell.\u0085", Subject: find("evil\x1b]0;x\x07.hcl", hostile, "evil", 0), Values: []diag.Value{{Name: "a\x1b", Text: "\"\x1b[2J\nx\""}}}},
		"many": {
			{Severity: diag.Error, Code: diag.UnknownReference, Summary: "Second", Subject: find("main.xdc.hcl", plan, "dc9", 0)},
			{Severity: diag.Warning, Code: diag.UnknownReference, Summary: "First", Subject: find("main.xdc.hcl", plan, "dc1", 0)},
		},
		"whole": {{Severity: diag.Error, Code: diag.BadSyntax, Summary: "All of it", Subject: find("main.xdc.hcl", plan, plan, 0)}},
	}
}

const (
	crlf    = "a = 1\r\nb = 2\r\nc = 3\r\n"
	hostile = "x = \"\x1b[31mevil\u202e\" # \x9b\n"
)

func texts(name string) []byte {
	switch name {
	case "main.xdc.hcl":
		return []byte(plan)
	case "long.xdc.hcl":
		return []byte(strings.Repeat("x = 1, ", 100) + "bad_thing" + strings.Repeat(", y = 2", 100))
	case "crlf.xdc.hcl":
		return []byte(crlf)
	case "evil\x1b]0;x\x07.hcl":
		return []byte(hostile)
	}
	return nil
}

func TestRender(t *testing.T) {
	for name, l := range cases() {
		t.Run(name, func(t *testing.T) {
			width := 80
			if name == "lines" || name == "long" {
				width = 40
			}
			golden(t, filepath.Join("testdata", "render", name+".txt"), []byte(diag.Render(l, texts, diag.Options{Width: width})))
			golden(t, filepath.Join("testdata", "render", name+".json"), diag.JSON(l, texts))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if os.Getenv("XDC_UPDATE") != "" {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestColourIsTheOnlyDifference(t *testing.T) {
	for name, l := range cases() {
		plain := diag.Render(l, texts, diag.Options{Width: 80})
		tint := diag.Render(l, texts, diag.Options{Width: 80, Color: true})
		if !strings.Contains(tint, "\x1b[1;3") {
			t.Errorf("%s has no colour", name)
		}
		var b strings.Builder
		for i := 0; i < len(tint); i++ {
			if tint[i] == 0x1b {
				i += strings.IndexByte(tint[i:], 'm')
				continue
			}
			b.WriteByte(tint[i])
		}
		if diff := cmp.Diff(plain, b.String()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestUnderliningStandsBelowTheWords(t *testing.T) {
	// In columns of a terminal: each of these takes two.
	text := "a = \"データ\" + b\n"
	out := diag.Render(diag.List{{Severity: diag.Error, Summary: "x", Subject: find("f", text, "b", 0)}}, func(string) []byte { return []byte(text) }, diag.Options{})
	lines := strings.Split(out, "\n")
	if got, want := strings.Index(lines[4], "^"), len("  1: a = \"")+6+len("\" + "); got != want {
		t.Errorf("the mark is in column %d, want %d:\n%s", got, want, out)
	}
}

func TestJSONOfNothing(t *testing.T) {
	var got diag.Report
	if err := json.Unmarshal(diag.JSON(nil, nil), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(diag.Report{Format: "xdc.diagnostics/1", Valid: true, Diagnostics: []diag.View{}}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzRender(f *testing.F) {
	f.Add("a = 1\n", "x", "y", 0, 3, 40)
	f.Add("\t\xff\x1b[31m\r\n漢字", "a\nb", "  c", 2, 100, 0)
	f.Add("a\n\n\nb", "", "", 1, 2, 1)
	f.Add(plan, "s", "d", 30, 250, 20)
	f.Fuzz(func(t *testing.T, text, summary, detail string, start, end, width int) {
		r := &hcl.Range{Filename: text, Start: hcl.Pos{Line: 1, Byte: start}, End: hcl.Pos{Line: 1, Byte: end}}
		l := diag.List{{Severity: diag.Error, Summary: summary, Detail: detail, Subject: r, Context: r, Values: []diag.Value{{Name: detail, Text: text}}, Related: &diag.Related{Message: summary, Range: *r}}}
		src := func(string) []byte { return []byte(text) }
		out := diag.Render(l, src, diag.Options{Width: width % 200})
		for _, r := range out {
			if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%q has a control character %q", out, r)
			}
		}
		if !json.Valid(diag.JSON(l, src)) {
			t.Fatal("not JSON")
		}
		for _, v := range diag.Views(l, src).Diagnostics {
			if v.Snippet == nil {
				continue
			}
			for _, line := range v.Snippet.Lines {
				if h := line.Highlight; h != nil && (h.Start < 0 || h.End < h.Start || h.End > len(line.Text)) {
					t.Fatalf("%+v lies outside %q", *h, line.Text)
				}
			}
		}
	})
}
