package value

import (
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func textFuncs() []entry {
	text := param{"text", "The text."}
	pattern := param{"pattern", "A regular expression in RE2 syntax."}
	format := param{"format", "Text with verbs such as `%s`, `%d`, `%v`, `%q`, `%05.1f`; `%%` is a percent sign."}
	return []entry{
		{"chomp", Text, "The text without line ends at its end.", []param{text}, `chomp("one\n")`, `"one"`, fixed(stdlib.ChompFunc)},
		{"endswith", Text, "Whether the text ends with a suffix.", []param{text, {"suffix", "The suffix."}}, `endswith("dc1-edge", "edge")`, `true`, textTest("suffix", strings.HasSuffix)},
		{"format", Text, "Text made from a format and values.", []param{format, {"values", "The values for the verbs, in order."}}, `format("dc%d-%s", 1, "edge")`, `"dc1-edge"`, fixed(stdlib.FormatFunc)},
		{
			"formatlist", Text, "Like `format`, once for each element of the lists among the values.",
			[]param{format, {"values", "Lists of equal length, and single values that are used each time."}},
			`formatlist("%s-%s", "dc1", ["a", "b"])`, `tolist(["dc1-a", "dc1-b"])`, fixed(stdlib.FormatListFunc),
		},
		{"indent", Text, "The text with spaces before every line but the first.", []param{{"spaces", "How many spaces, at most 1000."}, text}, `indent(2, "a\nb")`, `"a\n  b"`, fixed(indentFunc)},
		{
			"join", Text, "The elements of one or more lists with a separator between them.",
			[]param{{"separator", "What stands between."}, {"lists", "Lists of strings."}},
			`join(", ", ["dc1", "dc2"])`, `"dc1, dc2"`, fixed(stdlib.JoinFunc),
		},
		{"lower", Text, "The text in lower case.", []param{text}, `lower("DC1")`, `"dc1"`, fixed(stdlib.LowerFunc)},
		{
			"regex", Text, "The first match of a regular expression: the text it matched, or a list or object of its groups if it has any. No match is an error; see `can` and `try`.",
			[]param{pattern, text},
			`regex("[0-9]+", "host17")`, `"17"`, fixed(stdlib.RegexFunc),
		},
		{"regexall", Text, "All matches of a regular expression, as a list.", []param{pattern, text}, `regexall("[0-9]+", "a1b22")`, `tolist(["1", "22"])`, fixed(stdlib.RegexAllFunc)},
		{
			"replace", Text, "The text with every occurrence of a piece replaced. A piece between slashes is a regular expression, whose groups the replacement names as `$1`.",
			[]param{text, {"piece", "What to replace: text, or /a regular expression/."}, {"replacement", "What to put in its place."}},
			`replace("a-b-c", "-", "_")`, `"a_b_c"`, fixed(replaceFunc),
		},
		{"split", Text, "The pieces of the text between separators.", []param{{"separator", "What stands between."}, text}, `split(",", "a,b,c")`, `tolist(["a", "b", "c"])`, fixed(stdlib.SplitFunc)},
		{"startswith", Text, "Whether the text begins with a prefix.", []param{text, {"prefix", "The prefix."}}, `startswith("dc1-edge", "dc1")`, `true`, textTest("prefix", strings.HasPrefix)},
		{"strcontains", Text, "Whether a piece stands in the text.", []param{text, {"piece", "What to look for."}}, `strcontains("dc1-edge", "1-e")`, `true`, textTest("piece", strings.Contains)},
		{"strrev", Text, "The text backwards, character by character.", []param{text}, `strrev("abc")`, `"cba"`, fixed(stdlib.ReverseFunc)},
		{
			"substr", Text, "A part of the text, counted in characters.",
			[]param{text, {"offset", "Where it begins; 0 is the first character, and negative numbers count from the end."}, {"length", "How many characters; -1 for all that follow."}},
			`substr("failover", 4, 4)`, `"over"`, fixed(stdlib.SubstrFunc),
		},
		{"title", Text, "The text with every word beginning with a capital.", []param{text}, `title("hello world")`, `"Hello World"`, fixed(stdlib.TitleFunc)},
		{"trim", Text, "The text without any of some characters at both ends.", []param{text, {"characters", "The characters to take away."}}, `trim("?!hello?!", "!?")`, `"hello"`, fixed(stdlib.TrimFunc)},
		{"trimprefix", Text, "The text without a prefix, if it has it.", []param{text, {"prefix", "The prefix."}}, `trimprefix("dc1-edge", "dc1-")`, `"edge"`, fixed(stdlib.TrimPrefixFunc)},
		{"trimspace", Text, "The text without spaces, tabs and line ends at both ends.", []param{text}, `trimspace("  x\n")`, `"x"`, fixed(stdlib.TrimSpaceFunc)},
		{"trimsuffix", Text, "The text without a suffix, if it has it.", []param{text, {"suffix", "The suffix."}}, `trimsuffix("orders.sab", ".sab")`, `"orders"`, fixed(stdlib.TrimSuffixFunc)},
		{"upper", Text, "The text in upper case.", []param{text}, `upper("dc1")`, `"DC1"`, fixed(stdlib.UpperFunc)},
	}
}

func textTest(name string, test func(s, part string) bool) func(FuncEnv) function.Function {
	return simple(cty.Bool, func(args []cty.Value) (cty.Value, error) {
		return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
	}, stringParam("text"), stringParam(name))
}

const maxIndent = 1000

var indentFunc = newSimple(cty.String, func(args []cty.Value) (cty.Value, error) {
	n, err := wholeArg(args, 0, 0, maxIndent)
	if err != nil {
		return cty.NilVal, err
	}
	return cty.StringVal(strings.ReplaceAll(args[1].AsString(), "\n", "\n"+strings.Repeat(" ", n))), nil
}, nil, numberParam("spaces"), stringParam("text"))

// maxResult bounds what a function may make of its arguments.
const maxResult = 64 << 20

var replaceFunc = newSimple(cty.String, func(args []cty.Value) (cty.Value, error) {
	text, piece, with := args[0].AsString(), args[1].AsString(), args[2].AsString()
	if expr, ok := strings.CutPrefix(piece, "/"); ok && strings.HasSuffix(expr, "/") {
		re, err := regexp.Compile(strings.TrimSuffix(expr, "/"))
		if err != nil {
			return cty.NilVal, function.NewArgErrorf(1, "not a regular expression: %w", err)
		}
		if tooMany(len(re.FindAllStringIndex(text, -1)), len(with)+len(text), text) {
			return cty.NilVal, errTooLong
		}
		return cty.StringVal(re.ReplaceAllString(text, with)), nil
	}
	n := strings.Count(text, piece)
	if tooMany(n, len(with), text) {
		return cty.NilVal, errTooLong
	}
	return cty.StringVal(strings.ReplaceAll(text, piece, with)), nil
}, nil, stringParam("text"), stringParam("piece"), stringParam("replacement"))

func tooMany(n, each int, text string) bool {
	return each > 0 && n > (maxResult-min(len(text), maxResult))/each
}

var errTooLong = function.NewArgErrorf(0, "the result would be longer than %d MiB", maxResult>>20)
