package remote

import (
	"strings"
	"testing"
)

func TestHops(t *testing.T) {
	for in, want := range map[string]hop{
		"gate":          {Host: "gate"},
		"me@gate:2222":  {Host: "gate", Port: 2222, User: "me"},
		"ssh://me@gate": {Host: "gate", User: "me"},
		"[fd00::1]:22":  {Host: "fd00::1", Port: 22},
		"[fd00::1]":     {Host: "fd00::1"},
		"fd00::1":       {Host: "fd00::1"},
		"a@b@gate":      {Host: "gate", User: "a@b"},
	} {
		if got, err := parseHop(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "@gate", "gate:", "gate:0", "gate:99999", "gate:x", "a b", "[x", "a/b", "gate\x00"} {
		if got, err := parseHop(in); err == nil {
			t.Errorf("%q: %+v", in, got)
		}
	}
}

func TestFactsOfStrangeMachines(t *testing.T) {
	for _, in := range []string{"", "system Linux", "uid x\n", strings.Repeat("tool a /b\n", 3)} {
		if f, err := parseFacts(in); err == nil {
			t.Errorf("%q: %+v", in, f)
		}
	}
	f, err := parseFacts("greeting\nsystem Linux\nkernel 6\nuid 0\nuser root\ntool nft /usr/sbin/nft\ntool evil /bin/evil\nqdiscs tried\nqdisc netem\npeer 10.0.0.1 5 10.0.0.2 22\ndir /run/xdc\n")
	if err != nil || !f.Root || f.Tools["nft"] == "" || f.Tools["evil"] != "" || len(f.Qdiscs) != 1 || f.Peer.String() != "10.0.0.1" || f.Port != 22 {
		t.Errorf("%+v, %v", f, err)
	}
}

func FuzzParseHop(f *testing.F) {
	f.Add("me@[::1]:22")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = parseHop(s) })
}

func FuzzParseFacts(f *testing.F) {
	f.Add("system Linux\nuid 0\ndir /run/xdc\npeer a b c d\n")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = parseFacts(s) })
}
