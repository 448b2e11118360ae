package value

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// FuncEnv is what functions know of the world outside the plan. Functions read nothing else.
type FuncEnv struct {
	// ReadFile reads a file relative to the plan's folder, and keeps a record of it; nil: there are no files.
	ReadFile func(name string) ([]byte, error)
	// Glob lists the files under a folder, relative to the plan's, that match a pattern (`*`, `**`, `?`,
	// `[a-z]`, `{a,b}`), sorted, with slashes and relative to that folder; nil: those on disk under Folder.
	Glob func(dir, pattern string) ([]string, error)
	// Getenv looks up an environment variable; nil: there are none.
	Getenv func(name string) (string, bool)
	// Now is what timestamp() returns wherever it is called.
	Now time.Time
	// Folder is the plan's folder.
	Folder string
}

// A Group is a chapter of the function reference.
type Group string

// The groups, in the order documentation uses.
const (
	Numeric    Group = "Numbers"
	Text       Group = "Text"
	Collection Group = "Collections"
	Encoding   Group = "Encoding"
	Files      Group = "Files"
	TimeGroup  Group = "Time"
	Hashing    Group = "Hashes"
	Network    Group = "Networks"
	Conversion Group = "Types and secrets"
	World      Group = "Environment"
	Records    Group = "Records"
)

// Groups lists the groups in the order documentation uses.
func Groups() []Group {
	return []Group{Numeric, Text, Collection, Encoding, Files, TimeGroup, Hashing, Network, Conversion, World, Records}
}

// entry is one function of the language with what the reference says about it.
type entry struct {
	name   string
	group  Group
	about  string
	params []param
	// example is a call, and result what it gives, as an expression; empty when it depends on the world.
	example, result string
	make            func(FuncEnv) function.Function
}

// param describes one parameter, in the order in which they stand; the last may be repeated or left out.
type param struct{ name, about string }

func entries() []entry {
	return slices.Concat(numericFuncs(), textFuncs(), collectionFuncs(), encodingFuncs(), fileFuncs(),
		timeFuncs(), hashFuncs(), networkFuncs(), conversionFuncs(), worldFuncs(), recordFuncs())
}

// Functions is the function library by name; those in a namespace are called "record::number". Every
// function passes sensitive marks on to its result, and is unknown while an argument it needs is.
func Functions(env FuncEnv) map[string]function.Function {
	if env.ReadFile == nil {
		env.ReadFile = noFiles
	}
	out := map[string]function.Function{}
	for _, e := range entries() {
		out[e.name] = describe(e, e.make(env))
	}
	return out
}

// describe gives a function and its parameters their documentation.
func describe(e entry, f function.Function) function.Function {
	n := len(f.Params())
	if f.VarParam() != nil {
		n++
	}
	abouts := make([]string, n)
	for i := range abouts {
		if i < len(e.params) {
			abouts[i] = e.params[i].about
		}
	}
	return discreet(f).WithNewDescriptions(e.about, abouts)
}

// FuncDoc is what the reference says about a function.
type FuncDoc struct {
	Name        string     `json:"name"`
	Group       Group      `json:"group"`
	Signature   string     `json:"signature"`
	Description string     `json:"description"`
	Params      []ParamDoc `json:"params,omitempty"`
	Returns     string     `json:"returns"`
	// Example is a call and Result its value, both as expressions. Result is empty where it depends on files,
	// the environment or the time.
	Example string `json:"example,omitempty"`
	Result  string `json:"result,omitempty"`
}

// ParamDoc describes a parameter.
type ParamDoc struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description"`
	// Optional parameters may be left out; repeated ones may also be given more than once.
	Optional bool `json:"optional,omitempty"`
	Repeated bool `json:"repeated,omitempty"`
}

// FunctionDocs describes every function, by group and name.
func FunctionDocs() []FuncDoc {
	var out []FuncDoc
	groups := Groups()
	for _, e := range entries() {
		out = append(out, e.doc())
	}
	slices.SortStableFunc(out, func(a, b FuncDoc) int {
		if a.Group != b.Group {
			return slices.Index(groups, a.Group) - slices.Index(groups, b.Group)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

func (e entry) doc() FuncDoc {
	f := e.make(FuncEnv{ReadFile: noFiles})
	d := FuncDoc{Name: e.name, Group: e.group, Description: e.about, Example: e.example, Result: e.result, Returns: "any"}
	fixed := f.Params()
	types := make([]cty.Type, len(fixed))
	var words []string
	for i, p := range e.params {
		pd := ParamDoc{Name: p.name, Description: p.about}
		word := p.name
		if i < len(fixed) {
			types[i] = fixed[i].Type
			pd.Type = typeName(fixed[i].Type)
		} else {
			pd.Type, pd.Optional = typeName(f.VarParam().Type), true
			pd.Repeated = !strings.HasPrefix(p.about, optionalOnce)
			pd.Description = strings.TrimPrefix(p.about, optionalOnce)
			word = "[" + p.name + "]"
			if pd.Repeated {
				word = p.name + "..."
			}
		}
		words = append(words, word)
		d.Params = append(d.Params, pd)
	}
	d.Signature = e.name + "(" + strings.Join(words, ", ") + ")"
	if ty, err := f.ReturnType(types); err == nil {
		d.Returns = typeName(ty)
	}
	return d
}

// optionalOnce begins the description of a last parameter that may be left out but not repeated.
const optionalOnce = "Optional. "

func typeName(ty cty.Type) string {
	switch {
	case ty == cty.DynamicPseudoType || ty.IsObjectType() || ty.IsTupleType():
		return "any"
	case ty.IsCapsuleType() && !ty.Equals(GeneratorType):
		return "expression"
	case ty.Equals(GeneratorType):
		return "generator"
	case ty.IsListType():
		return "list(" + typeName(ty.ElementType()) + ")"
	case ty.IsSetType():
		return "set(" + typeName(ty.ElementType()) + ")"
	case ty.IsMapType():
		return "map(" + typeName(ty.ElementType()) + ")"
	}
	return ty.FriendlyName()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
