package hostkeys

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// UnknownError says that no file states a key of the host.
type UnknownError struct{ Key ssh.PublicKey }

func (e *UnknownError) Error() string {
	return "no key of this host is known; it shows " + ssh.FingerprintSHA256(e.Key)
}

// ChangedError says that the host shows another key than the files state.
type ChangedError struct {
	Key  ssh.PublicKey
	Want []Known
}

func (e *ChangedError) Error() string {
	known := make([]string, len(e.Want))
	for i, k := range e.Want {
		known[i] = k.Fingerprint() + " (" + k.At() + ")"
	}
	return "the host shows the key " + ssh.FingerprintSHA256(e.Key) + ", known is " + strings.Join(known, ", ")
}

// RevokedError says that the key, or the authority that signed it, was revoked.
type RevokedError struct {
	Key ssh.PublicKey
	By  Known
}

func (e *RevokedError) Error() string {
	return "the key " + ssh.FingerprintSHA256(e.Key) + " was revoked in " + e.By.At()
}

// CertificateError says that the host shows a certificate of a known authority that is not valid for it.
type CertificateError struct{ Err error }

func (e *CertificateError) Error() string {
	return "the host's certificate is not valid: " + e.Err.Error()
}

func (e *CertificateError) Unwrap() error { return e.Err }

// Check says whether a key that the host shows is one that the files state, or is certified by a stated authority. The
// error is one of the types above.
func (h *Host) Check(key ssh.PublicKey) error {
	if by, ok := h.revoked[string(plain(key).Marshal())]; ok {
		return &RevokedError{Key: plain(key), By: by}
	}
	if cert, ok := key.(*ssh.Certificate); ok && has(h.Authorities, cert.SignatureKey) {
		return h.certificate(cert)
	}
	// A certificate of nobody known is worth as much as the key in it.
	key = plain(key)
	switch {
	case has(h.Keys, key):
		return nil
	case len(h.Keys) > 0:
		return &ChangedError{Key: key, Want: h.Keys}
	}
	return &UnknownError{Key: key}
}

func (h *Host) certificate(cert *ssh.Certificate) error {
	if by, ok := h.revoked[string(plain(cert.SignatureKey).Marshal())]; ok {
		return &RevokedError{Key: cert.SignatureKey, By: by}
	}
	if cert.CertType != ssh.HostCert {
		return &CertificateError{errors.New("it is for a user, not for a host")}
	}
	if len(cert.ValidPrincipals) == 0 {
		return &CertificateError{errors.New("it names no host")}
	}
	var c ssh.CertChecker
	if err := c.CheckCert(h.name, cert); err != nil {
		return &CertificateError{fmt.Errorf("%w (it is for %s)", err, strings.Join(cert.ValidPrincipals, ", "))}
	}
	return nil
}

func has(keys []Known, key ssh.PublicKey) bool {
	b := key.Marshal()
	return slices.ContainsFunc(keys, func(k Known) bool { return bytes.Equal(k.Key.Marshal(), b) })
}

// Algorithms are the host key algorithms to offer, those first for which a key is known: certificates only where an
// authority is.
func (h *Host) Algorithms() []string {
	var known, other, certs []string
	for _, a := range preferred() {
		format, isCert := formatOf(a)
		switch {
		case isCert:
			certs = append(certs, a)
		case slices.ContainsFunc(h.Keys, func(k Known) bool { return k.Key.Type() == format }):
			known = append(known, a)
		default:
			other = append(other, a)
		}
	}
	if len(h.Authorities) == 0 {
		certs = nil
	}
	return slices.Concat(certs, known, other)
}

// preferred are the host key algorithms that are not broken, in OpenSSH's order.
func preferred() []string {
	rank := func(a string) int {
		return slices.IndexFunc([]string{"ed25519", "ecdsa", "rsa", ""}, func(s string) bool { return strings.Contains(a, s) })
	}
	out := ssh.SupportedAlgorithms().HostKeys
	slices.SortStableFunc(out, func(a, b string) int { return rank(a) - rank(b) })
	return out
}

// formatOf is the type of key that an algorithm is for, and whether it is one of certificates.
func formatOf(algorithm string) (format string, cert bool) {
	if strings.Contains(algorithm, "-cert-") {
		return "", true
	}
	if strings.HasPrefix(algorithm, "rsa-sha2-") {
		return ssh.KeyAlgoRSA, false
	}
	return algorithm, false
}
