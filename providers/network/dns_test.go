//go:build linux

package network

import (
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

func TestQueriesForANameAreRefusedAndNoOthers(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.serve(t, l.far, 53, "10.0.2.1")
	long := strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".example.com"
	ask := func(name string) string {
		q := make([]byte, 12)
		for label := range strings.SplitSeq(name, ".") {
			q = append(append(q, byte(len(label))), label...)
		}
		c, err := dial(l.host, "udp", "10.0.2.1:53", patience)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(patience))
		if _, err = c.Write(append(q, 0, 0, 1, 0, 1)); err == nil {
			_, err = c.Read(make([]byte, 500))
		}
		var e net.Error
		switch {
		case err == nil:
			return "answered"
		case errors.As(err, &e) && e.Timeout():
			return "silence"
		}
		return "refused"
	}
	args, _ := json.Marshal(map[string]any{"hosts": []string{"dc1.edge"}, "names": []string{"orders.example.com", long}})
	f := l.inject(t, "network_dns", string(args), time.Hour)
	for name, want := range map[string]string{
		"orders.example.com": "refused", "ORDERS.eXample.com": "refused", long: "refused",
		"orders.example.org": "answered", "a.orders.example.com": "answered", "orders.example.com.au": "answered", "xrders.example.com": "answered", "orders": "answered",
	} {
		if got := ask(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	f.heal(t)
	if got := ask("orders.example.com"); got != "answered" {
		t.Errorf("after the heal: %s", got)
	}
}

func TestAWrongNameIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	before := l.host.Must(t, "cat", "/etc/hosts")
	f := l.inject(t, "network_dns", `{"hosts":["dc1.edge"],"names":["orders.example.com"],"answer":"fd00::7"}`, time.Hour)
	if got := l.host.Must(t, "cat", "/etc/hosts"); !strings.HasSuffix(got, "\nfd00::7 orders.example.com\n") || len(got) != len(before)+len("fd00::7 orders.example.com\n") {
		t.Errorf("got %q, before it was %q", got, before)
	}
	f.heal(t)
	if got := l.host.Must(t, "cat", "/etc/hosts"); got != before {
		t.Errorf("got %q, before it was %q", got, before)
	}
}
