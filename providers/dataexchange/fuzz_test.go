package dataexchange

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/https"
)

// Whatever a service says of how much it has taken: never less than nothing, nor more than was sent.
func FuzzAddedItems(f *testing.F) {
	for _, s := range []string{`{"addedItems":3}`, `{"addedItems":-1}`, `{"addedItems":1e300}`, `{"addedItems":9223372036854775807}`, `{"addedItems":null}`, `{"addedItems":"2"}`, `[]`, ``} {
		f.Add([]byte(s), uint16(5), http.StatusRequestEntityTooLarge)
	}
	at := &url.URL{Scheme: "https", Host: "data.example.com", Path: "/orders"}
	f.Fuzz(func(t *testing.T, body []byte, sent uint16, status int) {
		i := &inlet{place{s: &Session{target: "dc1"}, url: at}}
		n := int(sent)
		r := i.answered(at, &https.Answer{Status: status, Body: body}, n)
		if r.Accepted < 0 || r.Accepted > n {
			t.Errorf("%d of %d are accepted", r.Accepted, n)
		}
		if whole := r.Outcome == providers.Accepted; whole != (r.Err == nil) || whole && r.Accepted != n {
			t.Errorf("outcome %v with %d of %d and %v", r.Outcome, r.Accepted, n, r.Err)
		}
	})
}

// What a service says is quoted in a terminal: a bounded line without control characters.
func FuzzMessage(f *testing.F) {
	for _, s := range []string{`{"messages":[{"message":"The buffer is full."}]}`, `{"message":"no"}`, "plain\x1b[31m text", `<html>`, `{"messages":[]}`, "\xff\xfe", strings.Repeat("é", 1000), "{\"message\":\"\u202e\u009b31m\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := message(body)
		if len(got) > maxMessage+len("...") || !utf8.ValidString(got) {
			t.Errorf("%d bytes: %q", len(got), got)
		}
		if strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("control characters in %q", got)
		}
	})
}

// What comes through a WebSocket between two reads is bounded, and each item comes once.
func FuzzSocketMessage(f *testing.F) {
	for _, s := range []string{`{"items":[{"a":1},2]}`, `{"items":[],"warning":"dropped"}`, `{"items":{}}`, `{}`, `[`, "\x00"} {
		f.Add([]byte(s), 0)
		f.Add([]byte(s), maxUnread-1)
	}
	f.Fuzz(func(t *testing.T, text []byte, unread int) {
		unread = min(max(unread, 0), maxUnread)
		l := &link{size: unread}
		err := l.add(text)
		if err == nil && l.size > maxUnread {
			t.Errorf("%d bytes are unread", l.size)
		}
		items, _ := l.take()
		if err != nil && len(items) > 0 {
			t.Errorf("%d items of a message that was refused", len(items))
		}
		for _, it := range items {
			if !json.Valid(it) {
				t.Errorf("an item that is no JSON: %q", it)
			}
		}
		if again, _ := l.take(); len(again) > 0 || l.size != 0 {
			t.Error("items come again")
		}
	})
}

// The items of an answer are the elements of its array, as the standard decoder finds them.
func FuzzItems(f *testing.F) {
	for _, s := range []string{`[]`, `[ ]`, ` [1 , {"a":[1,"],\""]} ,"x,\\" ]`, `[[],[[]],{}]`, `null`, `{}`, `"["`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want []json.RawMessage
		wrong := json.Unmarshal(text, &want)
		var got *itemList
		err := json.Unmarshal(text, &got)
		switch {
		case (err == nil) != (wrong == nil):
			t.Fatalf("%q: %v, and the standard decoder says %v", text, err, wrong)
		case err != nil || got == nil:
			return
		case len(*got) != len(want):
			t.Fatalf("%q: %d items, want %d", text, len(*got), len(want))
		}
		for i, it := range *got {
			if string(it) != string(want[i]) {
				t.Errorf("%q: item %d is %q, want %q", text, i, it, want[i])
			}
		}
	})
}
