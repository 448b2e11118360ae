package value

import "github.com/zclconf/go-cty/cty"

type mark string

// SensitiveMark is the cty mark of secrets. Marks of other packages have nothing to do with it.
const SensitiveMark = mark("sensitive")

// Sensitive marks a value as secret. The mark survives every operation and every function of the language.
func Sensitive(v cty.Value) cty.Value { return v.Mark(SensitiveMark) }

// IsSensitive reports whether a value is secret or has a secret in it, however deep.
func IsSensitive(v cty.Value) bool { return v != cty.NilVal && v.HasMarkDeep(SensitiveMark) }
