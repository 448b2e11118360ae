package testfile_test

import (
	"strings"
	"testing"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/testfile"
)

const head = "signal x.a x.b : bool\nsignal x.n : number bounded\nsignal x.e : enum good bad\nevent x.started\n"

// Every mistake is found in its line, with words that say what to do.
func TestMistakesInFilesAreFoundAtTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"tset one":                                     "5:1: Line not understood: \"tset\" begins no line",
		"signal y : number":                            "5:8: Not a name",
		"signal y.z number":                            "5:1: Line not understood: Write `signal NAME : TYPE`",
		"signal y.z : numbr":                           "5:14: Line not understood: \"numbr\" is not a type",
		"signal y.z : bool bounded":                    "5:19: Line not understood",
		"signal y.z : open":                            "5:1: Line not understood: Behind `open`",
		"signal x.a : bool":                            "5:8: Declared twice",
		"at x x.a = true":                              "5:4: Not an instant",
		"at -1s x.a = true":                            "5:4: Not an instant",
		"at 1s x.c = true":                             "5:7: Name not declared: Did you mean",
		"at 1s x.a true":                               "5:7: Line not understood",
		"at 1s x.a = 3":                                "5:13: Value of the wrong type: 3 is not true or false",
		"at 1s x.n = NaN":                              "5:13: Value of the wrong type",
		"at 1s x.e = worse":                            "5:13: Value of the wrong type",
		"at 1s x.n = 3 in [4, 5]":                      "5:18: Value outside of its bounds",
		"at 1s x.n = 3 in [1, 5":                       "5:18: Line not understood: A quote or a bracket",
		"at 1s x.n = 3 since 2s":                       "5:21: Instants out of order",
		"at 1s x.n = 3 valid 0s":                       "5:21: Line not understood",
		"at 1s x.n = 3 for 3s":                         "5:15: Line not understood",
		"at 1s x.started = true":                       "5:17: Line not understood",
		"at 1s x.started\nat 2s x.started":             "6:7: Event happens twice",
		"every 0s from 0s to 1s x.n = 1":               "5:7: Line not understood",
		"every 1s from 0s to 5s x.a = true step 1":     "5:40: Value of the wrong type",
		"every 1ms from 0s to 1h x.n = 1":              "5:1: File too large",
		"end soon":                                     "5:5: Not an instant",
		"condition x.a":                                "5:1: Line not understood: A condition belongs to a test",
		"verdict true":                                 "5:1: Line not understood: This says what is expected",
		"test":                                         "5:1: Line not understood: A test has a name",
		"test one":                                     "5:6: Test without a condition",
		"test one\ncondition x.a":                      "6:11: Nothing is expected",
		"test one\ncondition x.a\nverdict maybe":       "7:1: Line not understood",
		"test one\ncondition x.a\ntrue at":             "7:1: Line not understood",
		"test one\ncondition x.a\ntrue from 2s to 1s":  "7:17: Range ends before it begins",
		"test one\ncondition x.a\nwhy \"x\"":           "7:1: Line not understood",
		"test one\ncondition x.a\nverdict true\nwhy x": "8:1: Line not understood",
		"test one\ncondition x.a\nverdict true\nsignal x.z : bool":                           "8:8: Line not understood",
		"test one\ncondition x.a\nverdict unknown\ntest one\ncondition x.a\nverdict unknown": "8:6: Name used twice",
		"test one\ncondition " + strings.Repeat("x.a or ", 3000):                             "6:1: Line too long",
	} {
		_, found := testfile.Parse("f", []byte(head+text+"\n"))
		if len(found) == 0 {
			t.Errorf("%q was taken", text)
			continue
		}
		if got := say(found[0]); !strings.HasPrefix(got, want) {
			t.Errorf("%q\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func say(d diag.Diagnostic) string {
	return place(d) + ": " + d.Summary + ": " + d.Detail
}

func place(d diag.Diagnostic) string {
	s := strings.TrimPrefix(d.Subject.String(), "f:")
	at, _, _ := strings.Cut(s, "-")
	return strings.Replace(at, ",", ":", 1)
}

// A test fails for each way in which a condition can be other than expected.
func TestExpectationsFail(t *testing.T) {
	world := head + "at 1s x.a = true\nat 4s x.a = false\nat 1s x.n = 3 in [2, 4]\nend 10s\ntest one\n"
	for text, want := range map[string]string{
		"condition x.a\nverdict false":                     "",
		"condition x.a\nverdict true":                      "Condition is false",
		"condition always x.a\nverdict false at 4s":        "",
		"condition always x.a\nverdict false at 5s":        "Decided at another instant",
		"condition always x.a\nverdict false\nwhy \"4s\"":  "",
		"condition always x.a\nverdict false\nwhy \"5s\"":  "Another reason",
		"condition always x.a\nunknown at 3s\nfalse at 4s": "",
		"condition always x.a\nfalse at 3s":                "Condition is unknown",
		"condition x.a\ntrue from 1s to 4s":                "",
		"condition x.a\ntrue from 1s to 4001ms":            "Condition is false",
		"condition x.a for 1s\ntrue from 2s to 4s":         "",
		"condition x.a for 1s\ntrue from 1999ms to 4s":     "Condition is unknown",
		"condition age(x.a) < 2s\ntrue from 1s to 3s":      "",
		"condition age(x.a) < 2s\ntrue from 1s to 4s":      "Condition is false",
		"condition x.n < 4\nverdict unknown":               "",
		"condition x.n < 4\nverdict true":                  "Condition is unknown",
		"condition x.n\nmistake \"true or false\"":         "",
		"condition x.n\nmistake \"nonsense\"":              "Refused for another reason",
		"condition x.a\nmistake \"nonsense\"":              "Condition accepted",
		"condition x.n\nverdict true":                      "Not true or false",
		"condition x.started\nverdict false":               "",
	} {
		f, found := testfile.Parse("f", []byte(world+text+"\n"))
		if len(found) > 0 {
			t.Errorf("%q: %s", text, say(found[0]))
			continue
		}
		got := testfile.Run(f, testfile.Online{})[0].Found
		if (len(got) > 0) != (want != "") || want != "" && !strings.Contains(got[0].Summary, want) {
			t.Errorf("%q: got %v, want %q", text, got, want)
		}
	}
}

// Samples that repeat grow by their step, with their bounds and widths.
func TestRepeatedSamples(t *testing.T) {
	f, found := testfile.Parse("f", []byte(head+"every 2s from 2s to 6s x.n = 10 in [9, 12] since 1s valid 3s step 5\nat 6s x.a = true\ntest one\ncondition x.a\nverdict true\n"))
	if len(found) > 0 {
		t.Fatal(found)
	}
	got := f.Tests[0].Line.Samples
	if len(got) != 4 || got[2].Value.Num != 20 || got[2].Value.Low != 19 || got[2].Value.High != 22 || got[2].Low.Seconds() != 5 || got[2].ValidFor.Seconds() != 3 || got[3].Seq != 3 {
		t.Errorf("%+v", got)
	}
	if f.Tests[0].Line.End.Seconds() != 6 {
		t.Errorf("the run ends at %s", f.Tests[0].Line.End)
	}
}

// Blocks of a page keep their places, and what is no block is no test.
func TestPages(t *testing.T) {
	page := "text\n```xdctest\nsignal x.a : bool\n```\ntest no test\n```condition\nx.a\n```\n  ```xdctest\ntest one\ncondition x.a\nverdict ture\n```\n"
	if got := testfile.Page([]byte(page)); len(got) != len(page) {
		t.Errorf("%d bytes, want %d", len(got), len(page))
	}
	f, found := testfile.Parse("f", testfile.Page([]byte(page)))
	if len(f.Tests) != 1 || len(found) != 2 || place(found[0]) != "12:1" {
		t.Errorf("%d tests, %v", len(f.Tests), found)
	}
}

// Any text is read or refused at a place in it, and what was read can be judged.
func FuzzParse(f *testing.F) {
	f.Add(head + "at 1s x.a = true valid 2s since 0s\nevery 1s from 0s to 9s x.n = 1 in [0, unbounded] step 2\nbegin 1s\nend 9s\ntest one\ncondition x.a for 1s\ntrue at 2s\nunknown from 1s to 2s\nverdict true\n")
	f.Add(head + "test one\ncondition always x.n > 3 # no remark\nverdict unknown at 0s\nwhy \"x\"\nmistake \"y\"\n")
	f.Add("signal x.o['k\\'].v : open enum a \"b\"\nat 1h x.o[\"k\"].v = \"c\"")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 || strings.Count(text, "every") > 1 {
			return // what is bounded by 100,000 samples is slow here, and tested above
		}
		file, found := testfile.Parse("f", []byte(text))
		for _, d := range found {
			if d.Subject == nil || d.Subject.Start.Byte < 0 || d.Subject.End.Byte > len(text) || d.Subject.Start.Byte > d.Subject.End.Byte || d.Summary == "" || d.Detail == "" || d.Code == "" {
				t.Fatalf("%q: %+v", text, d)
			}
		}
		if len(found) > 0 || strings.Contains(text, "every") {
			return
		}
		for _, r := range testfile.Run(file, testfile.Online{}) {
			for _, d := range r.Found {
				if d.Subject.End.Byte > len(text) || d.Subject.Start.Byte > d.Subject.End.Byte {
					t.Fatalf("%q: %+v", text, d)
				}
			}
		}
	})
}
