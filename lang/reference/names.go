package reference

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
)

// typeText is a signal's type with the words of an enum.
func typeText(t signal.Type) string {
	if t.Kind != signal.EnumKind || t.Enum == nil {
		return t.String()
	}
	words := make([]string, len(t.Enum.Values))
	for i, w := range t.Enum.Values {
		words[i] = inline(w)
	}
	out := "one of " + strings.Join(words, ", ")
	if t.Enum.Open {
		out += ", or another word that a newer server sends"
	}
	return out
}

var moments = map[schema.Moment]string{schema.Final: "final", schema.Live: "live", schema.Event: "event"}

// result is the line about one attribute of a step.
func (p *page) result(prefix string, r schema.Result, also string) {
	notes := []string{moments[r.Moment] + also, typeText(r.Type)}
	if r.Moment == schema.Event {
		notes = notes[:1]
	}
	if r.Bounded {
		notes = append(notes, "with bounds")
	}
	p.item("`%s` (%s): %s", prefix+r.Name, strings.Join(notes, ", "), r.Description)
}

// results lists attributes, those that are both final and live once.
func (p *page) results(prefix string, rs []schema.Result) {
	for i, r := range rs {
		same := func(o schema.Result) bool { return o.Name == r.Name && o.Moment != r.Moment }
		if slices.ContainsFunc(rs[:i], same) {
			continue
		}
		also := ""
		if slices.ContainsFunc(rs[i+1:], same) {
			also = " and live"
			if r.Moment == schema.Live {
				also = " and final"
			}
		}
		p.result(prefix, r, also)
	}
	p.gap()
}

// resultsOf is what a step of a kind has, as a part of the language page.
func (p *page) resultsOf(kind addr.Kind) {
	rs := schema.Results(kind)
	if len(rs) == 0 {
		return
	}
	p.para("Its attributes, explained in [names](conditions-names.md):")
	p.results("", rs)
}

// names is the page of what steps and the run have in conditions and expressions.
func names() *page {
	pg := newPage("Names of steps and the run")
	pg.para("A *final* attribute is known when the step is finished; a condition or expression that uses it waits for that. " +
		"A *live* one has a value while the step runs, in conditions only. " +
		"An *event* is an instant: in a condition it is true once it has happened, and it bounds ranges and windows. " +
		"Of attributes *with bounds* only an interval is known, and a comparison is true only if it is so at both ends.")
	pg.para("A step with instances is indexed: `seed.data_exchange.orders[\"a\"].acked`. What can be observed at targets is in [signals](signals.md).")
	for _, k := range addr.Kinds() {
		rs := schema.Results(k)
		if len(rs) == 0 {
			continue
		}
		pg.heading(2, inline(address(k)))
		pg.results("", rs)
	}
	pg.heading(2, "`run`")
	pg.results("run.", schema.RunResults())
	return pg
}

func address(k addr.Kind) string {
	if k.Typed() {
		return string(k) + ".TYPE.NAME"
	}
	return string(k) + ".NAME"
}

// signals is the page of what can be observed.
func signals(all []schema.Signal) *page {
	pg := newPage("Signals")
	pg.para("What can be observed at a target, in conditions, behind the target's name: `dc1.job.orders.health is healthy`. " +
		"`*` stands for a name and `[*]` for an index: `dc1.job.orders.operator['Sink'].tuples_out`. " +
		"Where a target has only one job, `job.NAME` may be left out before `toolkit`.")
	pg.heading(2, "Every target")
	pg.signalList(schema.TargetSignals())
	byProvider := map[string][]schema.Signal{}
	var order []string
	for _, s := range all {
		if _, ok := byProvider[s.Provider]; !ok {
			order = append(order, s.Provider)
		}
		byProvider[s.Provider] = append(byProvider[s.Provider], s)
	}
	slices.Sort(order)
	for _, name := range order {
		pg.heading(2, inline(cmp.Or(name, "other")))
		pg.signalList(byProvider[name])
	}
	return pg
}

func (p *page) signalList(ss []schema.Signal) {
	ss = slices.Clone(ss)
	slices.SortStableFunc(ss, func(a, b schema.Signal) int { return cmp.Compare(a.Path, b.Path) })
	for _, s := range ss {
		p.item("`%s` (%s): %s", s.Path, typeText(s.Type)+byBlock(s.Named), s.Description)
	}
	p.gap()
}

// byBlock says which block of a connection names a signal, and by which arguments its type may be another.
func byBlock(n *schema.Named) string {
	if n == nil {
		return ""
	}
	out := fmt.Sprintf("; `*` is a `%s` block", n.Block)
	if len(n.TypedBy) > 0 {
		out += " and its `" + strings.Join(n.TypedBy, "`, `") + "` may say another type"
	}
	return out
}

// functions is the page of the function library.
func functions() *page {
	pg := newPage("Functions")
	pg.para("Functions are called in expressions and templates: `upper(var.name)`. A value that is marked as a secret stays one in whatever is made from it. " +
		"A result is known only after the run if an argument is. A list is spread over the arguments with `...`: `max(local.numbers...)`.")
	docs := value.FunctionDocs()
	for _, g := range value.Groups() {
		pg.heading(2, string(g))
		for _, d := range docs {
			if d.Group == g {
				pg.function(d)
			}
		}
	}
	return pg
}

func (p *page) function(d value.FuncDoc) {
	p.heading(3, inline(d.Name))
	p.para(inline(d.Signature) + ", " + article(d.Returns))
	p.para(d.Description)
	for _, a := range d.Params {
		note := ""
		switch {
		case a.Repeated:
			note = ", repeated"
		case a.Optional:
			note = ", optional"
		}
		p.item("`%s` (%s%s): %s", a.Name, a.Type, note, a.Description)
	}
	if len(d.Params) > 0 {
		p.gap()
	}
	switch {
	case d.Example != "" && d.Result != "":
		p.para(inline(d.Example) + " is " + inline(d.Result))
	case d.Example != "":
		p.para("Example: " + inline(d.Example))
	}
}

func article(ty string) string {
	switch ty {
	case "any":
		return "of any type"
	case "generator":
		return "a generator"
	}
	return "a " + ty
}

// diagnostics is the page of the codes.
func diagnostics() *page {
	pg := newPage("Codes of findings")
	pg.para("Every finding has a code that never changes its meaning. `xdc explain CODE` prints the same text. How findings look as JSON stands [at the end](#findings-as-json).")
	for _, i := range diag.Codes() {
		pg.heading(2, fmt.Sprintf("%s: %s", i.Code, i.Title))
		pg.para(i.Help)
	}
	pg.heading(2, "Findings as JSON")
	pg.para("With `--json`, findings are one object. Readers ignore fields they do not know, and refuse a `format` with another number.")
	for _, f := range findingFields {
		pg.item("`%s`: %s", f.name, f.text)
	}
	return pg
}

// findingFields describes diag.Report; a test holds the two together.
var findingFields = []struct{ name, text string }{
	{"format", "Always " + inline(diag.Format) + "."},
	{"valid", "Whether there are no errors; warnings do not count."},
	{"errors", "How many errors there are."},
	{"warnings", "How many warnings there are."},
	{"diagnostics", "The findings, by file and position."},
	{"diagnostics[].severity", "`error` or `warning`."},
	{"diagnostics[].code", "One of the codes above; `XDC0000` for what has none."},
	{"diagnostics[].summary", "A short text without a full stop."},
	{"diagnostics[].detail", "Whole sentences, with what to do. May be absent."},
	{"diagnostics[].address", "The address of the step concerned, where there is one."},
	{"diagnostics[].range", "The words concerned, where there are any: `file`, `start` and `end`, each with `line` and `column` (from 1, in characters) and `byte` (from 0). `end` is just behind them."},
	{"diagnostics[].snippet", "The lines they are in, where the text is at hand."},
	{"diagnostics[].snippet.lines[].number", "The line's number, from 1."},
	{"diagnostics[].snippet.lines[].text", "The line without its end; a very long one is cut, with an ellipsis."},
	{"diagnostics[].snippet.lines[].highlight", "What to underline, as the bytes of `text` from `start` up to `end`; absent in lines of context."},
	{"diagnostics[].snippet.more", "True if the words go on after the last line shown."},
	{"diagnostics[].values[]", "`name` and `text` of each name in the words; secrets are withheld."},
	{"diagnostics[].related", "A second place worth a look: `message`, `range` and `snippet`."},
}
