// Package addr has the typed names of a plan's parts: steps, modules, targets, hosts.
//
// Every name prints itself and is read back by a parser that is the printer's inverse. Whether something
// with that name exists is not known here; lang/check knows.
package addr

import "strconv"

// Kind is the block type of a step.
type Kind string

// The kinds of steps, and guard, which has an address but is not a step.
const (
	Job    Kind = "job"
	Seed   Kind = "seed"
	Audit  Kind = "audit"
	Probe  Kind = "probe"
	Fault  Kind = "fault"
	Wait   Kind = "wait"
	Expect Kind = "expect"
	Action Kind = "action"
	Guard  Kind = "guard"
)

// Kinds lists every kind in the order documentation uses.
func Kinds() []Kind { return []Kind{Job, Seed, Audit, Probe, Fault, Wait, Expect, Action, Guard} }

// Typed reports whether blocks of this kind carry a TYPE label before their name.
func (k Kind) Typed() bool { return k == Seed || k == Fault || k == Action }

// Module is the path of a module instance in canonical form: "" for the root, else `module.m`,
// `module.m["a"].module.n[0]`. It is comparable and needs no parsing to be compared.
type Module string

// Root is the outermost module.
const Root Module = ""

// Child returns the address of a call of module name inside m.
func (m Module) Child(name string, key Key) Module {
	s := "module." + name + key.String()
	if m == Root {
		return Module(s)
	}
	return m + Module("."+s)
}

// Prefix returns what stands before a step's own name: "" or the path with its dot.
func (m Module) Prefix() string {
	if m == Root {
		return ""
	}
	return string(m) + "."
}

// Key tells instances of one block apart. The zero Key means that the block has no instances.
// A Key is comparable.
type Key struct {
	text string // quoted for for_each, digits for count
}

// StringKey is the key of a for_each (or targets) instance.
func StringKey(s string) Key { return Key{text: strconv.Quote(s)} }

// IntKey is the key of a count instance.
func IntKey(i int) Key { return Key{text: strconv.Itoa(i)} }

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.text == "" }

// String is `["a"]`, `[0]` or the empty string.
func (k Key) String() string {
	if k.text == "" {
		return ""
	}
	return "[" + k.text + "]"
}

// Text returns the key without brackets and quotes.
func (k Key) Text() string {
	if s, err := strconv.Unquote(k.text); err == nil {
		return s
	}
	return k.text
}

// Step is the address of one step instance. It is comparable and prints as users write it.
type Step struct {
	Module Module
	Kind   Kind
	Type   string // only for typed kinds
	Name   string
	Key    Key
}

// String is `module.m.fault.network_partition.cut["a"]`.
func (s Step) String() string { return s.Module.Prefix() + s.Local() }

// Local is the address as it is written inside its own module.
func (s Step) Local() string {
	out := string(s.Kind) + "."
	if s.Kind.Typed() {
		out += s.Type + "."
	}
	return out + s.Name + s.Key.String()
}

// Block returns the address without its key: the block that the instance was made from.
func (s Step) Block() Step {
	s.Key = Key{}
	return s
}

// Host is the address of a host of a target.
type Host struct{ Target, Name string }

// String is `target.dc1.host.edge`.
func (h Host) String() string { return "target." + h.Target + ".host." + h.Name }
