package seed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/program"
)

// all reads a file to its end.
func all(t *testing.T, name, text string) (records []string, err error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := open(Options{Spec: program.Seed{File: name}, Folder: dir, Ledger: NewLedger(program.Seed{}, dir)})
	for i := int64(0); err == nil; i++ {
		var it item
		if it, err = src.next(i, time.Now()); err == nil {
			records = append(records, string(it.raw))
		}
	}
	if src != nil {
		if err := src.close(); err != nil {
			t.Error(err)
		}
	}
	if errors.Is(err, io.EOF) {
		return records, nil
	}
	return records, errors.New(strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
}

func TestAnErrorNamesTheFileAndTheLineOnWhichTheRecordBegins(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, file, text, want string }{
		{"a line that is no JSON", "a.jsonl", "{\"a\":1}\n\n{\"a\":}\n", "a.jsonl:3: record 2 of the seed's file cannot be read: invalid character '}' looking for beginning of value"},
		{"a line that is cut short", "a.jsonl", "{\"a\":1}\n{\"a\"", "a.jsonl:2: record 2 of the seed's file cannot be read: unexpected end of JSON input"},
		{"a line that is no object", "a.jsonl", "\n[1]\n", "a.jsonl:2: record 1 of the seed's file is not a JSON object"},
		{"null", "a.jsonl", "null\n", "a.jsonl:1: record 1 of the seed's file is not a JSON object"},
		{"a line without end", "a.jsonl", "{}\n" + strings.Repeat("x", maxItem+10), "a.jsonl:2: record 2 of the seed's file cannot be read: one record has more than 1048576 bytes"},
		{"an element that is no object", "a.json", "[\n  {\"a\":\n 1},\n\n  7\n]", "a.json:5: record 2 of the seed's file is not a JSON object"},
		{"an element that is no JSON", "a.json", "[\n  {\"a\":1},\n\n  {\"a\":}\n]", "a.json:4: record 2 of the seed's file cannot be read: invalid character '}' looking for beginning of value"},
		{"no comma", "a.json", "[{}\n{}]", "a.json:2: record 2 of the seed's file cannot be read: expected comma after array element"},
		{"an array that does not end", "a.json", "[\n{}\n", "a.json:3: record 2 of the seed's file cannot be read: the array does not end: unexpected EOF"},
		{"an object in place of an array", "a.json", "{}", "a.json:1: the seed's file cannot be read: the file must hold one JSON array of objects"},
		{"an empty array file", "a.json", "", "a.json:1: the seed's file cannot be read: the file must hold one JSON array of objects"},
		{"an empty table", "a.csv", "", "a.csv:1: the seed's file cannot be read: the first line must name the fields: unexpected EOF"},
		{"a column without a name", "a.csv", "a, ,c\n", "a.csv:1: the seed's file cannot be read: the first line must name the fields: column 2 has no name"},
		{"two columns of one name", "a.csv", "a,b,a\n", `a.csv:1: the seed's file cannot be read: the first line must name the fields: the name "a" is there twice`},
		{"a ragged row", "a.csv", "a,b\n1,\"x\ny\"\n2\n", "a.csv:4: record 2 of the seed's file cannot be read: it has 1 cells, and the first line names 2 fields"},
		{"a quote inside a cell", "a.csv", "a,b\n1,x\"y\n", "a.csv:2: record 1 of the seed's file cannot be read: column 4: bare \" in non-quoted-field"},
		{"a quote that does not end", "a.csv", "a,b\n1,\"x\ny\n", "a.csv:2: record 1 of the seed's file cannot be read: line 3, column 3: extraneous or missing \" in quoted-field"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := all(t, tt.file, tt.text)
			if err == nil {
				t.Fatal("it was read without an error")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAByteOrderMarkIsNoPartOfTheFirstRecord(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"a.jsonl": `{"a":1}`, "a.json": `[{"a":1}]`, "a.csv": "a\n1\n"} {
		got, err := all(t, name, "\ufeff"+text)
		if err != nil || len(got) != 1 || got[0] != `{"a":1}` {
			t.Errorf("%s gave %v, %v", name, got, err)
		}
	}
}

// Whatever a number looks like, the bytes that are sent are those in the file: nothing passes through a float.
func TestNumbersAndTimesAreSentAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	cell := rapid.OneOf(
		rapid.Map(rapid.Int64(), func(n int64) string { return fmt.Sprint(n) }),
		rapid.Map(rapid.Uint64(), func(n uint64) string { return fmt.Sprint(n) }),
		rapid.StringMatching(`-?(0|[1-9][0-9]{0,40})\.[0-9]{1,40}([eE][+-]?[0-9]{1,3})?`),
		rapid.StringMatching(`1[0-9]{9}\.[0-9]{9}`), // a timestamp
		rapid.SampledFrom([]string{"9007199254740993", "18446744073709551615", "0.1000000000000000055511151231257827", "1.50", "-0"}),
	)
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, 2, 2), 1, 20).Draw(rt, "rows")
		var want, lines, csv []string
		for _, r := range rows {
			want = append(want, fmt.Sprintf(`{"x":%s,"y":%s}`, r[0], r[1]))
			lines = append(lines, fmt.Sprintf(`{ "x": %s, "y" : %s }`, r[0], r[1]))
			csv = append(csv, fmt.Sprintf(`%s,"%s"`, r[0], r[1]))
		}
		for format, text := range map[string]string{
			"jsonl": strings.Join(lines, "\n"), "json": "[" + strings.Join(lines, ",\n") + "]", "csv": "x,y\n" + strings.Join(csv, "\n"),
		} {
			src := source(&fileSource{name: format, read: must(reader(strings.NewReader(text), format)), kept: newSpool(NewLedger(program.Seed{}, dir))})
			for i, w := range want {
				it, err := src.next(int64(i), time.Time{})
				if err != nil || string(it.raw) != w || string(it.fields[0].Value) != rows[i][0] || string(it.fields[1].Value) != rows[i][1] {
					rt.Fatalf("%s: record %d is %s with the fields %s, %v; want %s", format, i, it.raw, it.fields, err, w)
				}
			}
			if _, err := src.next(0, time.Time{}); !errors.Is(err, io.EOF) {
				rt.Fatalf("%s: %v after the last record", format, err)
			}
		}
	})
}

func must(d decoder, err error) decoder {
	if err != nil {
		return func() (json.RawMessage, int, error) { return nil, 0, err }
	}
	return d
}

// endless is a file without end, of which it is known how much was read.
type endless struct {
	head, record string
	at, read     int
}

func (e *endless) Read(p []byte) (int, error) {
	text := e.head + e.record
	if e.at >= len(e.head) {
		text = e.head + strings.Repeat(e.record, 2)
	}
	n := copy(p, text[e.at:])
	if e.at += n; e.at >= len(e.head)+len(e.record) {
		e.at -= len(e.record)
	}
	e.read += n
	return n, nil
}

func TestAFileIsNeverReadFarAheadOfItsRecords(t *testing.T) {
	t.Parallel()
	for format, e := range map[string]*endless{
		"jsonl": {record: "{\"a\":1}\n"}, "json": {head: "[{\"a\":1}", record: ",\n{\"a\":1}"}, "csv": {head: "a\n", record: "1\n"},
	} {
		read := must(reader(e, format))
		for i := range 20_000 {
			raw, line, err := read()
			if err != nil || string(raw) != `{"a":1}` {
				t.Fatalf("%s: record %d is %s, %v", format, i, raw, err)
			}
			if want := map[string]int{"jsonl": i + 1, "json": i + 1, "csv": i + 2}[format]; line != want {
				t.Fatalf("%s: record %d is on line %d, want %d", format, i, line, want)
			}
			if ahead := e.read - len(e.head) - i*len(e.record); ahead > 160<<10 {
				t.Fatalf("%s: %d bytes were read ahead of record %d", format, ahead, i)
			}
		}
	}
}

// decodes holds a decoder to what every one of them must do with any file.
func decodes(t *testing.T, format, text string) {
	t.Helper()
	read, err := reader(strings.NewReader(text), format)
	before := 0
	for n := 0; err == nil; n++ {
		var raw json.RawMessage
		var line int
		if raw, line, err = read(); err != nil {
			return
		}
		switch {
		case !json.Valid(raw):
			t.Fatalf("%q is not JSON", raw)
		case strings.ContainsAny(string(raw), "\r\n"):
			t.Fatalf("%q is more than one line", raw)
		case line < before || line < 1 || line > 1+strings.Count(text, "\n")+strings.Count(text, "\r"):
			t.Fatalf("record %d is on line %d, the one before on line %d, of %q", n, line, before, text)
		case n > len(text):
			t.Fatal("more records than bytes")
		}
		before = line
	}
}

func FuzzJSONLines(f *testing.F) {
	for _, s := range []string{"{\"a\":1}\n", "\n\n{}\r\n{}", "\ufeff{}", "{\"a\":\"\\u0000\"}", "1 2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { decodes(t, "jsonl", text) })
}

func FuzzJSONArray(f *testing.F) {
	for _, s := range []string{"[{\"a\":1}]", "[\n{},\n{}\n]", "[", "[{}", "[{}]]", "[,]", "[{} {}]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { decodes(t, "json", text) })
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a\n\"x\ny\"\n", "a,a\n", "\"a\"\"b\"\n01\n-1e400\ntrue\n", "a\r\n1\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { decodes(t, "csv", text) })
}
