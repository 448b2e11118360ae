// Package hostkeys says whether a host's key is the one that known_hosts files state, as OpenSSH does.
//
// It follows the rules of golang.org/x/crypto/ssh/knownhosts with what that package lacks: files that are not on the
// local disk, a line that cannot be read (a key of a type that is not known here, say) spoils only itself, and the
// algorithms to ask a server for, so that one with several keys does not look changed.
package hostkeys

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the format of hashed names is made of it
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/xdc-project/xdc/providers/remote/sshconfig"
)

// maxLine bounds one line of a file, in bytes. Longer ones are passed over: the largest key is far smaller.
const maxLine = 64 << 10

// File is a known_hosts file.
type File struct {
	Name    string // for messages
	Content []byte
}

// Known is a key that a file states.
type Known struct {
	Key  ssh.PublicKey
	File string
	Line int
}

// Fingerprint is the key's SHA256 fingerprint as OpenSSH prints it.
func (k Known) Fingerprint() string { return ssh.FingerprintSHA256(k.Key) }

// At is "FILE:LINE".
func (k Known) At() string { return fmt.Sprintf("%s:%d", k.File, k.Line) }

// Host is what the files say of one host.
type Host struct {
	name string // without the port
	// Keys are the host's own, Authorities those that may sign its certificates.
	Keys, Authorities []Known
	// Notes says which lines about the host could not be read.
	Notes   []string
	revoked map[string]Known
}

// Find gathers what the files say of a host. A key that any of them revokes is revoked everywhere.
func Find(files []File, host, port string) *Host {
	out := &Host{name: strings.ToLower(host), revoked: map[string]Known{}}
	for _, f := range files {
		number := 0
		for raw := range bytes.Lines(f.Content) {
			number++
			text := strings.Trim(string(raw), " \t\r\n")
			if text == "" || text[0] == '#' {
				continue
			}
			if err := out.line(text, port, f.Name, number); err != nil {
				out.Notes = append(out.Notes, fmt.Sprintf("%s:%d: %v", f.Name, number, err))
			}
		}
	}
	return out
}

const (
	markAuthority = "@cert-authority"
	markRevoked   = "@revoked"
)

func (h *Host) line(text, port, file string, number int) error {
	if len(text) > maxLine {
		return errors.New("the line is too long")
	}
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' })
	mark := ""
	if fields[0][0] == '@' {
		mark, fields = fields[0], fields[1:]
		if mark != markAuthority && mark != markRevoked {
			return fmt.Errorf("the marker %q is not known", mark)
		}
	}
	if len(fields) < 3 {
		return errors.New("a line is: names, type of the key, key")
	}
	if mark != markRevoked {
		about, err := matches(fields[0], h.name, port)
		if err != nil || !about {
			return err
		}
	}
	key, err := parseKey(fields[1], fields[2])
	if err != nil {
		return err
	}
	k := Known{Key: key, File: file, Line: number}
	switch mark {
	case markRevoked:
		h.revoked[string(plain(key).Marshal())] = k
	case markAuthority:
		h.Authorities = append(h.Authorities, k)
	default:
		h.Keys = append(h.Keys, k)
	}
	return nil
}

func parseKey(kind, blob string) (ssh.PublicKey, error) {
	b, err := base64.StdEncoding.DecodeString(blob)
	if err != nil {
		return nil, fmt.Errorf("the key is damaged: %w", err)
	}
	key, err := ssh.ParsePublicKey(b)
	if err != nil {
		return nil, fmt.Errorf("the %q key cannot be read: %w", kind, err)
	}
	if key.Type() != kind {
		return nil, fmt.Errorf("the key is of type %s, and the line says %q", key.Type(), kind)
	}
	return key, nil
}

// plain is the key itself, or the one that a certificate is about.
func plain(key ssh.PublicKey) ssh.PublicKey {
	if c, ok := key.(*ssh.Certificate); ok {
		return c.Key
	}
	return key
}

// matches reports whether the names of a line mean a host. Names without a port mean port 22; a lone * means every port.
func matches(names, host, port string) (bool, error) {
	if strings.HasPrefix(names, "|") {
		return matchesHash(names, host, port)
	}
	found := false
	for p := range strings.SplitSeq(strings.ToLower(names), ",") {
		rest, not := strings.CutPrefix(p, "!")
		if rest == "" {
			continue
		}
		h, at, err := net.SplitHostPort(rest)
		if err != nil {
			if rest[0] == '[' {
				return false, fmt.Errorf("%q is no name: write [NAME]:PORT", rest)
			}
			h, at = rest, "22"
		}
		if (at != port && rest != "*") || !sshconfig.Match(h, host) {
			continue
		}
		if not {
			return false, nil
		}
		found = true
	}
	return found, nil
}

func matchesHash(names, host, port string) (bool, error) {
	parts := strings.Split(names, "|")
	if len(parts) != 4 || parts[1] != "1" {
		return false, errors.New("the hashed name is of a kind that is not known")
	}
	salt, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return false, fmt.Errorf("the hashed name is damaged: %w", err)
	}
	want, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil {
		return false, fmt.Errorf("the hashed name is damaged: %w", err)
	}
	sum := hmac.New(sha1.New, salt)
	_, _ = sum.Write([]byte(Name(host, port)))
	return hmac.Equal(sum.Sum(nil), want), nil
}

// Name is how known_hosts files write a host: "NAME", or "[NAME]:PORT" for ports other than 22.
func Name(host, port string) string {
	host = strings.ToLower(host)
	if port == "22" {
		return host
	}
	return "[" + host + "]:" + port
}
