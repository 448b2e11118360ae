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
		{"record::decimal", Records, "A random decimal number between two others with a fixed number of digits behind the point, exact to the last of them: at most 34 digits in all, as a `decimal128` holds.", []param{{"min", "The smallest."}, {"max", "The largest."}, {"digits", "How many digits come behind the point, from 0 to 34."}}, `record::decimal(0, 999.99, 2)`, ``, recordDecimal},
		{"record::int64", Records, "A random whole number between two others, exact over all 64 bits of an `int64`.", []param{{"min", "The smallest, at least -9223372036854775808."}, {"max", "The largest, at most 9223372036854775807."}}, `record::int64(0, 9223372036854775807)`, ``, recordInt64},
		{"record::key", Records, "A key of a set of keys, each equally likely. All keys of one record are the same.", []param{{"n", "How many keys there are."}}, `record::key(1000)`, ``, recordKey},
		{"record::number", Records, "A random number between two others.", []param{{"min", "The smallest."}, {"max", "The largest."}}, `record::number(0, 1000)`, ``, recordNumber},
		{"record::template", Records, "Text in which `{id}`, `{seq}`, `{time}` and `{key}` stand for the record's own.", []param{{"template", "The text."}}, `record::template("order-{id}-{seq}")`, ``, recordTemplate},
		{"record::timestamp", Records, "A random instant between two others, in seconds since 1970 with nine digits behind the point, as a `timestamp` travels. For the time at which a record is due there is `record.time`.", []param{{"from", "The earliest, in the form of RFC 3339."}, {"to", "The latest."}}, `record::timestamp("2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z")`, ``, recordTimestamp},
		{"record::uint64", Records, "A random whole number between two others that are not negative, exact over all 64 bits of a `uint64`.", []param{{"min", "The smallest."}, {"max", "The largest, at most 18446744073709551615."}}, `record::uint64(0, 18446744073709551615)`, ``, recordUint64},
		{"record::text", Records, "Random letters and digits.", []param{{"size", "How many bytes, at most 1,048,576."}}, `record::text(64)`, ``, recordText},
	}
}
