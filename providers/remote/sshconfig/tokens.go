package sshconfig

import (
	"fmt"
	"strconv"
	"strings"
)

// Tokens are the values of the % tokens in file names.
type Tokens struct {
	Home         string // %d, and ~
	Host         string // %h: the name that is connected to
	Name         string // %n: the name that was given
	Port         int    // %p
	User         string // %r: at the other end
	LocalUser    string // %u
	LocalUID     int    // %i
	LocalHost    string // %l
	Jump         string // %j
	HostKeyAlias string // %k
	// Getenv is what ${NAME} is asked of; ok is false when there is none of that name.
	Getenv func(name string) (value string, ok bool)
}

// HostName resolves a HostName statement, in which %h is the name that was given.
func HostName(value, name string) (string, error) {
	return Tokens{Host: name, Name: name}.expand(value, "hn")
}

// Hop resolves a hop of ProxyJump.
func (t Tokens) Hop(value string) (string, error) { return t.expand(value, "hnpr") }

// File resolves the name of a file: ~/, % tokens and ${NAME}.
func (t Tokens) File(name string) (string, error) {
	out, err := t.expand(name, "dhnpruijlLk")
	if err != nil {
		return "", err
	}
	if out, err = t.environment(out); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if out == "~" || strings.HasPrefix(out, "~/") {
		out = t.Home + out[1:]
	}
	return out, nil
}

func (t Tokens) expand(s, allowed string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", fmt.Errorf("%s: a %% stands at the end; write %%%% for the character itself", s)
		}
		if s[i] != '%' && !strings.Contains(allowed, s[i:i+1]) {
			return "", fmt.Errorf("%s: the token %%%c is not known here", s, s[i])
		}
		b.WriteString(t.value(s[i]))
	}
	return b.String(), nil
}

func (t Tokens) value(c byte) string {
	switch c {
	case 'd':
		return t.Home
	case 'h':
		return t.Host
	case 'n':
		return t.Name
	case 'p':
		return strconv.Itoa(t.Port)
	case 'r':
		return t.User
	case 'u':
		return t.LocalUser
	case 'i':
		return strconv.Itoa(t.LocalUID)
	case 'j':
		return t.Jump
	case 'l':
		return t.LocalHost
	case 'L':
		short, _, _ := strings.Cut(t.LocalHost, ".")
		return short
	case 'k':
		if t.HostKeyAlias != "" {
			return t.HostKeyAlias
		}
		return t.Name
	}
	return "%"
}

// environment resolves ${NAME}. A name that is not set is an error, as in OpenSSH.
func (t Tokens) environment(s string) (string, error) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "${")
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return "", fmt.Errorf("${%s does not end", rest)
		}
		var v string
		if t.Getenv != nil {
			v, ok = t.Getenv(name)
		}
		if t.Getenv == nil || !ok {
			return "", fmt.Errorf("the environment has no %s", name)
		}
		b.WriteString(v)
		s = after
	}
}
