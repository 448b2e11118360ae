package value

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func worldFuncs() []entry {
	return []entry{{
		"env", World, "The value of an environment variable, or a default. Without one, a variable that is not set is an error. Secrets belong in sensitive variables, which XDC_VAR_NAME sets.",
		[]param{{"name", "The name of the variable."}, {"default", optionalOnce + "What to return when it is not set."}},
		`env("XDC_EXAMPLE_UNSET", "none")`, `"none"`, envFunc,
	}}
}

func envFunc(env FuncEnv) function.Function {
	return newSimple(cty.String, func(args []cty.Value) (cty.Value, error) {
		if len(args) > 2 {
			return cty.NilVal, function.NewArgErrorf(2, "one default is enough")
		}
		name := args[0].AsString()
		if env.Getenv != nil {
			if v, ok := env.Getenv(name); ok {
				return textVal(v, name)
			}
		}
		if len(args) == 2 {
			return args[1], nil
		}
		return cty.NilVal, function.NewArgErrorf(0, "the environment variable %s is not set; set it, or give a default: env(%q, \"...\")", name, name)
	}, &function.Parameter{Name: "default", Type: cty.String, AllowNull: true}, stringParam("name"))
}

func textVal(s, name string) (cty.Value, error) {
	if _, err := utf8Text([]byte(s)); err != nil {
		return cty.NilVal, fmt.Errorf("the environment variable %s is not text in UTF-8", name)
	}
	return cty.StringVal(s), nil
}

func recordFuncs() []entry {
	return []entry{
		{"record::choice", Records, "One of the choices, each equally likely.", []param{{"choices", "A list of at least one constant or generator."}}, `record::choice(["EUR", "USD"])`, ``, recordChoice},
		{"record::key", Records, "A key of a set of keys, each equally likely. All keys of one record are the same.", []param{{"n", "How many keys there are."}}, `record::key(1000)`, ``, recordKey},
		{"record::number", Records, "A random number between two others.", []param{{"min", "The smallest."}, {"max", "The largest."}}, `record::number(0, 1000)`, ``, recordNumber},
		{"record::template", Records, "Text in which `{id}`, `{seq}`, `{time}` and `{key}` stand for the record's own.", []param{{"template", "The text."}}, `record::template("order-{id}-{seq}")`, ``, recordTemplate},
		{"record::text", Records, "Random letters and digits.", []param{{"size", "How many bytes, at most 1,048,576."}}, `record::text(64)`, ``, recordText},
	}
}
