package value

import (
	"crypto/md5"  //nolint:gosec // checksums that other systems ask for, not security
	"crypto/sha1" //nolint:gosec // as above, and UUIDs of version 5 are defined by it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func hashFuncs() []entry {
	hashes := []struct {
		name, title, example string
		make                 func() hash.Hash
		base64               bool
	}{
		{"md5", "MD5", "900150983cd24fb0d6963f7d28e17f72", md5.New, false},
		{"sha1", "SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d", sha1.New, false},
		{"sha256", "SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sha256.New, true},
		{"sha512", "SHA-512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f", sha512.New, true},
	}
	text := []param{{"text", "The text."}}
	file := []param{{"path", "The file, relative to the plan's folder."}}
	out := []entry{{
		"uuidv5", Hashing, "The UUID of version 5 of a name, which is always the same.",
		[]param{{"namespace", "\"dns\", \"url\", \"oid\", \"x500\", or a UUID."}, {"name", "The name."}},
		`uuidv5("dns", "www.example.com")`, `"2ed6657d-e927-568b-95e1-2665a8aea6a2"`, fixed(uuidFunc),
	}}
	for _, h := range hashes {
		sum := func(b []byte) []byte {
			d := h.make()
			d.Write(b)
			return d.Sum(nil)
		}
		inHex := func(b []byte) (string, error) { return hex.EncodeToString(sum(b)), nil }
		in64 := func(b []byte) (string, error) { return base64.StdEncoding.EncodeToString(sum(b)), nil }
		out = append(out,
			entry{h.name, Hashing, "The " + h.title + " hash of the text in UTF-8, in hexadecimal.", text, h.name + `("abc")`, `"` + h.example + `"`, ofText(inHex)},
			entry{"file" + h.name, Hashing, "The " + h.title + " hash of a file, in hexadecimal.", file, "file" + h.name + `("orders.jsonl")`, ``, readerFunc(inHex)},
		)
		if h.base64 {
			out = append(out,
				entry{"base64" + h.name, Hashing, "The " + h.title + " hash of the text in UTF-8, in Base64.", text, "length(base64" + h.name + `("abc")) > 40`, `true`, ofText(in64)},
				entry{"filebase64" + h.name, Hashing, "The " + h.title + " hash of a file, in Base64.", file, "filebase64" + h.name + `("orders.jsonl")`, ``, readerFunc(in64)},
			)
		}
	}
	return out
}

func ofText(f func([]byte) (string, error)) func(FuncEnv) function.Function {
	return text1("text", func(s string) (string, error) { return f([]byte(s)) })
}

// uuidSpaces are the namespaces of RFC 9562.
var uuidSpaces = map[string]string{
	"dns":  "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
	"url":  "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
	"oid":  "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
	"x500": "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
}

var uuidFunc = newSimple(cty.String, func(args []cty.Value) (cty.Value, error) {
	space := args[0].AsString()
	if known, ok := uuidSpaces[space]; ok {
		space = known
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(space, "-", ""))
	if err != nil || len(raw) != 16 || len(space) != 36 {
		return cty.NilVal, function.NewArgErrorf(0, "the namespace is dns, url, oid, x500 or a UUID")
	}
	sum := sha1.Sum(append(raw, args[1].AsString()...)) //nolint:gosec // version 5 is defined so
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return cty.StringVal(fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])), nil
}, nil, stringParam("namespace"), stringParam("name"))
