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
	fields []measure.Field // good until the next item
}

// source makes records in order. It returns io.EOF after the last one.
type source interface {
	next(seq int64, due time.Time) (item, error)
	// identity says how a field tells records apart.
	identity(field string) measure.Identity
	// again tells the records again, to one reader each time it is called. when says when a record was due.
	again(when when) measure.Source
	close() error
}

// when says when records are due: since run.started, and on the clock. It belongs to one goroutine.
type when func(seq int64) (time.Duration, time.Time)

// defaultKeys is how many keys {key} in a template has when the record has no key of its own.
const defaultKeys = 1000

// record is what the generators of one record share.
type record struct {
	seq int64
	ids measure.IDs
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
	own    *maker // for next
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
	if g.own == nil {
		g.own = g.maker(nil)
	}
	o, raw := g.own.make(seq, due)
	out := item{raw: slices.Clone(raw), fields: o.Fields}
	return out, nil
}

// maker makes records one at a time, each into the place of the one before.
type maker struct {
	g    *generated
	when when
	pcg  rand.PCG
	r    record
	raw  []byte
	ends []int // where each field begins and ends
	out  measure.Original
}

func (g *generated) maker(when when) *maker {
	m := &maker{g: g, when: when}
	m.r.ids, m.r.rng = g.ids, rand.New(&m.pcg)
	m.out.Fields = make([]measure.Field, len(g.fields))
	for i, n := range g.plain {
		m.out.Fields[i].Name = n
	}
	return m
}

func (g *generated) again(when when) measure.Source { return g.maker(when) }

// Again implements measure.Source.
func (m *maker) Again(seq int64) (*measure.Original, error) {
	since, due := m.when(seq)
	o, _ := m.make(seq, due)
	o.Due = since
	return o, nil
}

// make makes a record. It is good until the next one.
func (m *maker) make(seq int64, due time.Time) (*measure.Original, []byte) {
	g, r := m.g, &m.r
	m.pcg.Seed(g.seed[0], g.seed[1]^uint64(seq)*0x9e3779b97f4a7c15)
	r.seq, r.due, r.key = seq, due, r.rng.IntN(g.keys)
	if g.keyed {
		m.out.Key = uint32(r.key) + 1
	}
	b := append(m.raw[:0], '{')
	m.ends = m.ends[:0]
	for i, f := range g.fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, g.names[i]...)
		from := len(b)
		b = f(b, r)
		m.ends = append(m.ends, from, len(b))
	}
	m.raw = append(b, '}')
	for i := range g.fields {
		from, to := m.ends[2*i], m.ends[2*i+1]
		m.out.Fields[i].Value = m.raw[from:to:to]
	}
	return &m.out, m.raw
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
		return func(b []byte, r *record) []byte { return append(r.ids.Append(append(b, '"'), r.seq), '"') }, nil
	case "seq":
		return func(b []byte, r *record) []byte { return strconv.AppendInt(b, r.seq, 10) }, nil
	case "time":
		return func(b []byte, r *record) []byte { return appendTime(b, r.due) }, nil
	case "key":
		return func(b []byte, r *record) []byte { return append(appendKey(append(b, '"'), r.key), '"') }, nil
	case "number":
		return compileNumber(g)
	case "exact":
		return compileExact(g)
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

// lettersAtOnce is how many letters come of one random number; it has room for ten.
const lettersAtOnce = 10

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func compileText(g value.Generator) (generator, error) {
	if g.Size < 0 || g.Size > maxText {
		return nil, fmt.Errorf("a text of %d bytes: at most %d are possible", g.Size, maxText)
	}
	return func(b []byte, r *record) []byte {
		b = append(b, '"')
		for left := g.Size; left > 0; left -= lettersAtOnce {
			x := r.rng.Uint64()
			for range min(left, lettersAtOnce) {
				b = append(b, letters[x%uint64(len(letters))])
				x /= uint64(len(letters))
			}
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
	type part struct {
		text string // as JSON, without quotes
		fill func([]byte, *record) []byte
	}
	fills := map[string]func([]byte, *record) []byte{
		"{id}":   func(b []byte, r *record) []byte { return r.ids.Append(b, r.seq) },
		"{seq}":  func(b []byte, r *record) []byte { return strconv.AppendInt(b, r.seq, 10) },
		"{time}": func(b []byte, r *record) []byte { return appendTime(b, r.due) },
		"{key}":  func(b []byte, r *record) []byte { return appendKey(b, r.key) },
	}
	var parts []part
	literal := func(s string) {
		if q, err := json.Marshal(s); err == nil { // a string always has a JSON form
			parts = append(parts, part{text: string(q[1 : len(q)-1])})
		}
	}
	rest, from := text, 0
	for from < len(rest) {
		name := ""
		for n := range fills {
			if strings.HasPrefix(rest[from:], n) {
				name = n
			}
		}
		if name == "" {
			from++
			continue
		}
		literal(rest[:from])
		parts = append(parts, part{fill: fills[name]})
		rest, from = rest[from+len(name):], 0
	}
	literal(rest)
	return func(b []byte, r *record) []byte {
		b = append(b, '"')
		for _, p := range parts {
			b = append(b, p.text...)
			if p.fill != nil {
				b = p.fill(b, r)
			}
		}
		return append(b, '"')
	}
}

func appendKey(b []byte, k int) []byte { return strconv.AppendInt(append(b, 'k'), int64(k), 10) }

// appendTime writes seconds since 1970 with all their digits.
func appendTime(b []byte, t time.Time) []byte {
	b = strconv.AppendInt(b, t.Unix(), 10)
	ns := t.Nanosecond()
	if ns == 0 {
		return b
	}
	b = append(b, '.')
	for unit := 100_000_000; ns > 0; unit /= 10 {
		b = append(b, byte('0'+ns/unit))
		ns %= unit
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
