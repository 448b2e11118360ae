package httpcheck_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xdc-project/xdc/providers/httpcheck"
)

const document = `{"a": {"b": [{"c": 7.5}, [1, 2]], "word": "on", "yes": true, "none": null, "with space": -3e2}, "huge": 1e999, "big": 12345678901234567890}`

func TestAPathLeadsToItsPlace(t *testing.T) {
	for _, tc := range []struct {
		path, doc string
		text      string
		number    float64
		is, null  bool
		err       string
	}{
		{path: "a.b[0].c", text: "7.5", number: 7.5, is: true},
		{path: "a.b[1][1]", text: "2", number: 2, is: true},
		{path: "a.word", text: "on"},
		{path: "a.yes", text: "true"},
		{path: "a.none", null: true},
		{path: "a.with space", text: "-3e2", number: -300, is: true},
		{path: "huge", text: "1e999"},
		{path: "big", text: "12345678901234567890", number: 12345678901234567890, is: true},
		{path: "[1]", doc: "[1, 2]", text: "2", number: 2, is: true},
		{path: "", doc: "42", text: "42", number: 42, is: true},
		{path: "a.x", err: `there is no "x" at "a"`},
		{path: "a.b[2]", err: "no list with an element [2]"},
		{path: "a[0]", err: "no list with an element [0]"},
		{path: "a.word.x", err: `no object at "word"`},
		{path: "a.b", err: "an object or a list"},
		{path: "a", doc: "<html>", err: "it is not JSON"},
		{path: "a", doc: "", err: "it is not JSON"},
		{path: "a", doc: `{"a":1} {"a":2}`, err: "something comes behind"},
		{path: "a", doc: `{"a":"` + strings.Repeat("x", 5000) + `"}`, err: "5000 bytes"},
		{path: "a", doc: `{"a":` + strings.Repeat("[", 20000), err: "it is not JSON"},
	} {
		t.Run(tc.path+" "+tc.err, func(t *testing.T) {
			p, err := httpcheck.ParsePath(tc.path)
			if err != nil {
				t.Fatal(err)
			}
			doc := tc.doc
			if doc == "" && !strings.Contains(tc.err, "not JSON") {
				doc = document
			}
			f, err := p.Find([]byte(doc))
			switch {
			case tc.err != "":
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("found %+v, error %v", f, err)
				}
			case err != nil || (f == nil) != tc.null:
				t.Errorf("found %+v, error %v", f, err)
			case f != nil && (f.Text != tc.text || f.IsNumber != tc.is || tc.is && f.Number != tc.number):
				t.Errorf("found %+v", f)
			}
		})
	}
}

func TestWhatIsNoPathIsRefused(t *testing.T) {
	for _, s := range []string{".", ".a", "a.", "a..b", "a[", "a[]", "a[x]", "a[-1]", "a[1", "[0]a", "a]", "a[99999999999]", strings.Repeat("a.", 40) + "a", strings.Repeat("a", 600)} {
		if p, err := httpcheck.ParsePath(s); err == nil || !strings.Contains(err.Error(), "json_path") {
			t.Errorf("%q is the path %v, error %v", s, p, err)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"a.b[0].c", "[1]", "", "a..b"} {
		f.Add(s, []byte(document))
	}
	f.Add("a", []byte("<html>"))
	f.Fuzz(func(t *testing.T, path string, doc []byte) {
		p, err := httpcheck.ParsePath(path)
		if err != nil {
			return
		}
		found, err := p.Find(doc)
		if err != nil && found != nil {
			t.Errorf("both %+v and the error %v", found, err)
		}
		if found != nil && (len(found.Text) > 4<<10 || !utf8.ValidString(found.Text)) {
			t.Errorf("the text is %q", found.Text)
		}
	})
}
