package seed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/value"
)

// item is one record as it is sent.
type item struct {
	raw    json.RawMessage
	key    uint32
	fields []measure.Field
}

// source makes records in order. It returns io.EOF after the last one.
type source interface {
	next(seq int64, due time.Time) (item, error)
	// identity says how a field tells records apart.
	identity(field string) measure.Identity
	close() error
}

// defaultKeys is how many keys {key} in a template has when the record has no key of its own.
const defaultKeys = 1000

// record is what the generators of one record share.
type record struct {
	seq int64
	id  string
	due time.Time
	rng *rand.Rand
	key int
}

// generator appends a value as JSON.
type generator func(b []byte, r *record) []byte

// generated is a source of records made by generators. What a record holds depends on the run's seed, the step
// and the record's number only.
type generated struct {
	spec   *value.Generator
	ids    measure.IDs
	seed   [2]uint64
	keys   int
	keyed  bool
	names  [][]byte
	plain  []string
	fields []generator
}

func newGenerated(spec *value.Generator, runSeed uint64, step string) (*generated, error) {
	if spec.Kind != "object" || len(spec.Names) != len(spec.Fields) || len(spec.Names) == 0 {
		return nil, fmt.Errorf("a record must be an object with at least one field")
	}
	g := &generated{spec: spec, ids: measure.NewIDs(runSeed, step), plain: spec.Names}
	sum := sha256.Sum256([]byte(strconv.FormatUint(runSeed, 16) + "\x00" + step + "\x00records"))
	g.seed = [2]uint64{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])}
	g.keys, g.keyed = keysOf(*spec)
	for i, f := range spec.Fields {
		fn, err := compile(f, 0)
		if err != nil {
			return nil, fmt.Errorf("field %s of the record: %w", spec.Names[i], err)
		}
		name, err := json.Marshal(spec.Names[i])
		if err != nil {
			return nil, fmt.Errorf("field %s of the record: %w", spec.Names[i], err)
		}
		g.names = append(g.names, append(name, ':'))
		g.fields = append(g.fields, fn)
	}
	return g, nil
}

// keysOf finds the record's own key: that of the first key generator in it.
func keysOf(g value.Generator) (int, bool) {
	if g.Kind == "key" {
		return max(1, int(g.Max)), true
	}
	for _, l := range [][]value.Generator{g.Fields, g.Items} {
		for _, f := range l {
			if n, ok := keysOf(f); ok {
				return n, true
			}
		}
	}
	return defaultKeys, false
}

func (g *generated) next(seq int64, due time.Time) (item, error) {
	r := &record{seq: seq, id: g.ids.ID(seq), due: due, rng: rand.New(rand.NewPCG(g.seed[0], g.seed[1]^uint64(seq)*0x9e3779b97f4a7c15))}
	r.key = r.rng.IntN(g.keys)
	out := item{fields: make([]measure.Field, len(g.fields))}
	if g.keyed {
		out.key = uint32(r.key) + 1
	}
	b := append(make([]byte, 0, 128), '{')
	for i, f := range g.fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, g.names[i]...)
		from := len(b)
		b = f(b, r)
		out.fields[i] = measure.Field{Name: g.plain[i], Value: b[from:len(b):len(b)]}
	}
	b = append(b, '}')
	out.raw = b
	return out, nil
}

func (g *generated) close() error { return nil }

func (g *generated) identity(field string) measure.Identity {
	if f, ok := inside(*g.spec, field); ok {
		return identityOf(f)
	}
	if has(*g.spec, "id") {
		return measure.ByID // the application may have renamed it
	}
	return measure.ByNothing
}

// inside finds the generator at a path; dots lead into nested objects, and a name that has the dots itself comes first.
func inside(g value.Generator, path string) (value.Generator, bool) {
	if i := slices.Index(g.Names, path); i >= 0 {
		return g.Fields[i], true
	}
	for i, n := range g.Names {
		if rest, ok := strings.CutPrefix(path, n+"."); ok {
			return inside(g.Fields[i], rest)
		}
	}
	return value.Generator{}, false
}

func identityOf(f value.Generator) measure.Identity {
	switch f.Kind {
	case "id":
		return measure.ByID
	case "seq":
		return measure.ByNumber
	case "template":
		switch {
		case f.Template == "{id}":
			return measure.ByID
		case f.Template == "{seq}":
			return measure.ByNumber
		case strings.Contains(f.Template, "{id}") || strings.Contains(f.Template, "{seq}"):
			return measure.ByValue
		}
	case "text":
		if f.Size >= 12 {
			return measure.ByValue
		}
	}
	return measure.ByNothing
}

func has(g value.Generator, kind string) bool {
	if g.Kind == kind {
		return true
	}
	for _, l := range [][]value.Generator{g.Fields, g.Items} {
		for _, f := range l {
			if has(f, kind) {
				return true
			}
		}
	}
	return false
}

// Limits of generators, so that a plan cannot ask for records that fit nowhere.
const (
	maxDepth = 32
	maxText  = 1 << 20
)

func compile(g value.Generator, depth int) (generator, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("a record may not be nested deeper than %d", maxDepth)
	}
	switch g.Kind {
	case "const":
		var c bytes.Buffer
		if err := json.Compact(&c, g.Const); err != nil {
			return nil, fmt.Errorf("a constant that is not JSON: %w", err)
		}
		text := c.Bytes()
		return func(b []byte, _ *record) []byte { return append(b, text...) }, nil
	case "id":
		return func(b []byte, r *record) []byte { return strconv.AppendQuote(b, r.id) }, nil
	case "seq":
		return func(b []byte, r *record) []byte { return strconv.AppendInt(b, r.seq, 10) }, nil
	case "time":
		return func(b []byte, r *record) []byte { return appendTime(b, r.due) }, nil
	case "key":
		return func(b []byte, r *record) []byte { return strconv.AppendQuote(b, keyText(r.key)) }, nil
	case "number":
		return compileNumber(g)
	case "text":
		return compileText(g)
	case "choice":
		return compileChoice(g, depth)
	case "template":
		return compileTemplate(g.Template), nil
	case "object", "list":
		return compileNested(g, depth)
	}
	return nil, fmt.Errorf("no generator is called %q", g.Kind)
}

func compileNumber(g value.Generator) (generator, error) {
	if g.Min > g.Max || math.IsInf(g.Max-g.Min, 0) || math.IsNaN(g.Max-g.Min) {
		return nil, fmt.Errorf("a number between %g and %g does not exist", g.Min, g.Max)
	}
	return func(b []byte, r *record) []byte {
		x := g.Min + r.rng.Float64()*(g.Max-g.Min)
		if math.Abs(x) < 1e9 {
			x = min(max(math.Round(x*1e6)/1e6, g.Min), g.Max)
		}
		return strconv.AppendFloat(b, x, 'f', -1, 64)
	}, nil
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func compileText(g value.Generator) (generator, error) {
	if g.Size < 0 || g.Size > maxText {
		return nil, fmt.Errorf("a text of %d bytes: at most %d are possible", g.Size, maxText)
	}
	return func(b []byte, r *record) []byte {
		b = append(b, '"')
		for range g.Size {
			b = append(b, letters[r.rng.IntN(len(letters))])
		}
		return append(b, '"')
	}, nil
}

func compileChoice(g value.Generator, depth int) (generator, error) {
	items, err := compileAll(g.Items, depth)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, fmt.Errorf("a choice between nothing")
	}
	return func(b []byte, r *record) []byte { return items[r.rng.IntN(len(items))](b, r) }, nil
}

func compileAll(gs []value.Generator, depth int) ([]generator, error) {
	var out []generator
	for _, g := range gs {
		fn, err := compile(g, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, fn)
	}
	return out, nil
}

func compileNested(g value.Generator, depth int) (generator, error) {
	object := g.Kind == "object"
	parts, left, right := g.Items, byte('['), byte(']')
	if object {
		parts, left, right = g.Fields, '{', '}'
		if len(g.Names) != len(g.Fields) {
			return nil, fmt.Errorf("an object with %d names and %d values", len(g.Names), len(g.Fields))
		}
	}
	fns, err := compileAll(parts, depth)
	if err != nil {
		return nil, err
	}
	names := make([][]byte, len(g.Names))
	for i, n := range g.Names {
		if names[i], err = json.Marshal(n); err != nil {
			return nil, fmt.Errorf("field %q: %w", n, err)
		}
	}
	return func(b []byte, r *record) []byte {
		b = append(b, left)
		for i, fn := range fns {
			if i > 0 {
				b = append(b, ',')
			}
			if object {
				b = append(append(b, names[i]...), ':')
			}
			b = fn(b, r)
		}
		return append(b, right)
	}, nil
}

func compileTemplate(text string) generator {
	return func(b []byte, r *record) []byte {
		out := strings.NewReplacer("{id}", r.id, "{seq}", strconv.FormatInt(r.seq, 10),
			"{time}", string(appendTime(nil, r.due)), "{key}", keyText(r.key)).Replace(text)
		q, err := json.Marshal(out)
		if err != nil {
			return append(b, `""`...) // a string always has a JSON form
		}
		return append(b, q...)
	}
}

func keyText(k int) string { return "k" + strconv.Itoa(k) }

// appendTime writes seconds since 1970 with all their digits.
func appendTime(b []byte, t time.Time) []byte {
	b = strconv.AppendInt(b, t.Unix(), 10)
	if ns := t.Nanosecond(); ns != 0 {
		frac := fmt.Sprintf(".%09d", ns)
		b = append(b, strings.TrimRight(frac, "0")...)
	}
	return b
}

// open opens the source of a seed's records.
func open(opt Options) (source, error) {
	if opt.Spec.File != "" {
		return openFile(opt)
	}
	if opt.Spec.Record == nil {
		return nil, fmt.Errorf("the seed has neither a record nor a file")
	}
	return newGenerated(opt.Spec.Record, opt.RunSeed, opt.Step)
}
