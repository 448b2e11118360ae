package sshconfig

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// word is what is known of a word of the configuration.
type word struct {
	// set puts the value into the settings; nil for words that shape the file.
	set func(s *Settings, args []string)
	// many: each statement adds values. Else the first one counts.
	many bool
	// check looks at the first argument when the file is read; may be nil.
	check func(arg string) error
}

var words = map[string]word{
	"host":                 {},
	"include":              {},
	"hostname":             {set: func(s *Settings, a []string) { s.HostName = a[0] }},
	"port":                 {set: func(s *Settings, a []string) { s.Port, _ = strconv.Atoi(a[0]) }, check: isPort},
	"user":                 {set: func(s *Settings, a []string) { s.User = a[0] }},
	"identityfile":         {set: func(s *Settings, a []string) { s.IdentityFiles = added(s.IdentityFiles, a[0]) }, many: true},
	"certificatefile":      {set: func(s *Settings, a []string) { s.CertificateFiles = added(s.CertificateFiles, a[0]) }, many: true},
	"proxyjump":            {set: func(s *Settings, a []string) { s.ProxyJump = a[0] }},
	"proxycommand":         {set: func(s *Settings, a []string) { s.ProxyCommand = a[0] }},
	"userknownhostsfile":   {set: func(s *Settings, a []string) { s.UserKnownHosts = a }},
	"globalknownhostsfile": {set: func(s *Settings, a []string) { s.GlobalKnownHosts = a }},
	"hostkeyalias":         {set: func(s *Settings, a []string) { s.HostKeyAlias = a[0] }},
	"identitiesonly":       {set: func(s *Settings, a []string) { s.IdentitiesOnly = isYes(a[0]) }, check: isBool},
	"identityagent":        {set: func(s *Settings, a []string) { s.IdentityAgent = a[0] }},
	"connecttimeout":       {set: func(s *Settings, a []string) { s.ConnectTimeout, _ = duration(a[0]) }, check: isDuration},
	"serveraliveinterval":  {set: func(s *Settings, a []string) { s.ServerAliveInterval, _ = duration(a[0]) }, check: isDuration},
	"serveralivecountmax":  {set: func(s *Settings, a []string) { s.ServerAliveCountMax, _ = strconv.Atoi(a[0]) }, check: isCount},
}

// added is a list with one more value, unless it has that already.
func added(list []string, v string) []string {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// missed are words that are not followed although that may surprise, and what to do.
var missed = map[string]string{
	"revokedhostkeys":      "put the keys into a known_hosts file, behind @revoked",
	"knownhostscommand":    "no programs are run; put its lines into a known_hosts file",
	"bindaddress":          "the system chooses the address",
	"bindinterface":        "the system chooses the interface",
	"canonicalizehostname": "name hosts in full",
	"pkcs11provider":       "add the key to the ssh agent (ssh-add -s)",
	"securitykeyprovider":  "add the key to the ssh agent",
}

func isPort(v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("%q is no port: it is a number from 1 to 65535", v)
	}
	return nil
}

func isCount(v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 0 || n > 1e6 {
		return fmt.Errorf("%q is no count", v)
	}
	return nil
}

func isYes(v string) bool { return strings.EqualFold(v, "yes") || strings.EqualFold(v, "true") }

func isBool(v string) error {
	if !isYes(v) && !strings.EqualFold(v, "no") && !strings.EqualFold(v, "false") {
		return fmt.Errorf("%q is neither yes nor no", v)
	}
	return nil
}

func isDuration(v string) error {
	_, err := duration(v)
	return err
}

// duration reads a time as sshd_config(5) writes it: seconds, or numbers with s, m, h, d or w. "none" is 0.
func duration(v string) (time.Duration, error) {
	if strings.EqualFold(v, "none") {
		return 0, nil
	}
	const longest = 365 * 24 * time.Hour
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	var sum time.Duration
	rest := strings.ToLower(v)
	for rest != "" {
		i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		unit := time.Second
		digits := rest
		if i >= 0 {
			u, ok := units[rest[i]]
			if !ok {
				return 0, fmt.Errorf("%q is no time: write seconds, or numbers with s, m, h, d or w", v)
			}
			unit, digits, rest = u, rest[:i], rest[i+1:]
		} else {
			rest = ""
		}
		n, err := strconv.ParseInt(digits, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%q is no time: write seconds, or numbers with s, m, h, d or w", v)
		}
		sum += time.Duration(n) * unit
		if sum > longest {
			return 0, fmt.Errorf("%q is longer than a year", v)
		}
	}
	if v == "" {
		return 0, errors.New("a time is missing")
	}
	return sum, nil
}
