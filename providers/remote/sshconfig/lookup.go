package sshconfig

import (
	"strings"
	"time"
)

// Settings are what a configuration says for one host. Zero values: it says nothing.
type Settings struct {
	HostName         string // with %h still in it; see Tokens
	Port             int
	User             string
	IdentityFiles    []string // as written
	CertificateFiles []string
	ProxyJump        string // as written: hops with commas, or "none"
	ProxyCommand     string // as written, or "none"
	UserKnownHosts   []string
	GlobalKnownHosts []string
	HostKeyAlias     string
	IdentitiesOnly   bool
	IdentityAgent    string // as written: a path, "none", "SSH_AUTH_SOCK" or "$NAME"
	ConnectTimeout   time.Duration

	ServerAliveInterval time.Duration
	ServerAliveCountMax int
}

// Lookup returns what the configuration says for a host, by the name that a person would give to ssh. Of several
// statements the first one counts; identity and certificate files add up.
func (c *Config) Lookup(name string) Settings {
	l := lookup{name: name, seen: map[string]bool{}}
	if c != nil {
		l.walk(c.lines, true)
	}
	return l.out
}

type lookup struct {
	name string
	out  Settings
	seen map[string]bool
}

// walk follows statements; those of an included file count only where the Include itself does.
func (l *lookup) walk(lines []line, outer bool) {
	active := outer
	for _, s := range lines {
		switch s.word {
		case endOfFile:
			active = outer
		case "host":
			active = outer && MatchList(s.args, l.name)
		case "match":
			active = outer && matchesAll(s.args)
		case "include":
			l.walk(s.lines, active)
		default:
			if active {
				l.take(s)
			}
		}
	}
}

func (l *lookup) take(s line) {
	w, known := words[s.word]
	if !known {
		return
	}
	switch {
	case l.seen[s.word] && !w.many:
		return
	// The two exclude each other, and whichever stands first counts, but `ProxyJump none` leaves ProxyCommand alone.
	case s.word == "proxyjump" && l.seen["proxycommand"], s.word == "proxycommand" && len(l.out.Jumps()) > 0:
		return
	}
	l.seen[s.word] = true
	w.set(&l.out, s.args)
}

// Jumps are the hops of ProxyJump, in order.
func (s Settings) Jumps() []string {
	if s.ProxyJump == "" || strings.EqualFold(s.ProxyJump, "none") {
		return nil
	}
	var out []string
	for hop := range strings.SplitSeq(s.ProxyJump, ",") {
		if hop = strings.TrimSpace(hop); hop != "" {
			out = append(out, hop)
		}
	}
	return out
}
