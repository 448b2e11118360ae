package value

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"unicode/utf8"

	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func encodingFuncs() []entry {
	text := []param{{"text", "The text."}}
	val := []param{{"value", "The value."}}
	return []entry{
		{"base64decode", Encoding, "The text behind Base64. What does not decode to UTF-8 is an error.", text, `base64decode("eGRj")`, `"xdc"`, text1("text", decodeBase64)},
		{"base64encode", Encoding, "The text in Base64.", text, `base64encode("xdc")`, `"eGRj"`, text1("text", func(s string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil })},
		{"base64gunzip", Encoding, "The text behind Base64 of gzip.", text, `base64gunzip(base64gzip("xdc"))`, `"xdc"`, text1("text", gunzipBase64)},
		{"base64gzip", Encoding, "The text compressed with gzip, in Base64.", text, `length(base64gzip("xdc")) > 0`, `true`, text1("text", gzipBase64)},
		{"csvdecode", Encoding, "A list of objects, one for each line of CSV; the first line has the names.", text, `csvdecode("a,b\n1,2")`, `tolist([{ a = "1", b = "2" }])`, fixed(stdlib.CSVDecodeFunc)},
		{"jsondecode", Encoding, "The value that JSON stands for.", text, `jsondecode("{\"a\": [1, true]}")`, `{ a = [1, true] }`, fixed(stdlib.JSONDecodeFunc)},
		{"jsonencode", Encoding, "The value as JSON.", val, `jsonencode({ a = [1, true] })`, `"{\"a\":[1,true]}"`, fixed(stdlib.JSONEncodeFunc)},
		{"urldecode", Encoding, "The text behind URL encoding.", text, `urldecode("a+b%2Fc")`, `"a b/c"`, text1("text", decodeURL)},
		{"urlencode", Encoding, "The text so that it can stand in the query of a URL.", text, `urlencode("a b/c")`, `"a+b%2Fc"`, text1("text", func(s string) (string, error) { return url.QueryEscape(s), nil })},
		{"yamldecode", Encoding, "The value that a YAML document stands for.", text, `yamldecode("a: [1, true]")`, `{ a = [1, true] }`, fixed(yamlDecodeFunc)},
		{"yamlencode", Encoding, "The value as YAML, in block style.", val, `yamldecode(yamlencode({ a = 1 }))`, `{ a = 1 }`, fixed(ctyyaml.YAMLEncodeFunc)},
	}
}

// utf8Text refuses what a string of the language cannot hold.
func utf8Text(b []byte) (string, error) {
	if !utf8.Valid(b) {
		return "", fmt.Errorf("the result is not text in UTF-8")
	}
	return string(b), nil
}

func decodeBase64(s string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", fmt.Errorf("this is not Base64") // the library's error would quote nothing useful
	}
	return utf8Text(b)
}

func decodeURL(s string) (string, error) {
	out, err := url.QueryUnescape(s)
	if err != nil {
		return "", fmt.Errorf("this is not URL-encoded: a %% must be followed by two hexadecimal digits")
	}
	return utf8Text([]byte(out))
}

func gzipBase64(s string) (string, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, s); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

func gunzipBase64(s string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", fmt.Errorf("this is not Base64")
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return "", fmt.Errorf("this is not gzip")
	}
	out, err := io.ReadAll(io.LimitReader(r, maxResult+1))
	if err != nil {
		return "", fmt.Errorf("this is not gzip, or cut short")
	}
	if len(out) > maxResult {
		return "", fmt.Errorf("the result would be longer than %d MiB", maxResult>>20)
	}
	return utf8Text(out)
}

// maxYAML bounds the text of one YAML document, whose aliases can make much of little.
const maxYAML = 4 << 20

var yamlDecodeFunc = function.New(&function.Spec{
	Params: []function.Parameter{stringParam("text")},
	Type: func(args []cty.Value) (cty.Type, error) {
		if args[0].IsKnown() && len(args[0].AsString()) > maxYAML {
			return cty.NilType, function.NewArgErrorf(0, "a YAML document has at most %d MiB", maxYAML>>20)
		}
		return ctyyaml.YAMLDecodeFunc.ReturnTypeForValues(args)
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return ctyyaml.YAMLDecodeFunc.Call(args) },
})
