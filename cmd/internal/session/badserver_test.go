package session_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/providers/all"
)

const badPlan = `
variable "password" {
  type      = string
  sensitive = true
}

target "dc1" {
  streams {
    url      = "URL"
    instance = "i"
    username = "operator"
    password = var.password
    ca_file  = "ca.pem"
    timeout  = "2s"
  }
}

job "orders" {
  adopt  = "orders"
  target = target.dc1
}
`

// certificate makes a self-signed one for 127.0.0.1 that is valid until an instant.
func certificate(t *testing.T, until time.Time) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bad server"}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestBadServersAreExplainedAndNothingIsTouched(t *testing.T) {
	valid := time.Now().Add(24 * time.Hour)
	for _, tc := range []struct {
		name    string
		until   time.Time
		foreign bool // the ca_file is another's
		closed  bool
		handler http.HandlerFunc
		want    []string
	}{
		{name: "wrong password", until: valid, want: []string{"password", "username"}, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Basic realm="Streams"`)
			w.WriteHeader(http.StatusUnauthorized)
		}},
		{name: "expired certificate", until: time.Now().Add(-time.Hour), want: []string{"expired"}, handler: http.NotFound},
		{name: "unknown authority", until: valid, foreign: true, want: []string{"ca_file"}, handler: http.NotFound},
		{name: "server error", until: valid, want: []string{"500"}, handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }},
		{name: "garbage", until: valid, want: []string{"JSON"}, handler: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>\x00\x1b[31mhello") }},
		{name: "half a body", until: valid, want: []string{"answer"}, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"resources": [`)
		}},
		{name: "nothing", until: valid, closed: true, want: []string{"nothing listens"}, handler: http.NotFound},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cert, ca := certificate(t, tc.until)
			if tc.foreign {
				_, ca = certificate(t, valid)
			}
			s := httptest.NewUnstartedServer(tc.handler)
			s.Config.ErrorLog = nil
			s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
			s.StartTLS()
			defer s.Close()
			if tc.closed {
				s.Close()
			}
			got := applyBad(t, s.URL, ca)
			for _, w := range append(tc.want, "dc1") {
				if !strings.Contains(got, w) {
					t.Errorf("the message does not say %q:\n%s", w, got)
				}
			}
			if strings.ContainsAny(got, "\x00\x1b") || strings.Contains(got, "s3cret") {
				t.Errorf("control characters or the password in the message: %q", got)
			}
		})
	}
}

func applyBad(t *testing.T, url string, ca []byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"plan.xdc.hcl": strings.ReplaceAll(badPlan, "URL", url), "ca.pem": string(ca)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	registry := all.Registry()
	p, _, found := load.Plan(load.Options{Paths: []string{dir}, Registry: registry, Mode: "apply", NeedSecrets: true, Env: func(name string) (string, bool) {
		return "s3cret", name == "XDC_VAR_password"
	}})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	res, err := session.Apply(t.Context(), session.Request{Plan: p, Registry: registry, Runs: t.TempDir(), Seed: 1})
	if err == nil {
		t.Fatalf("it started: %v", res.Outcome)
	}
	if res.Outcome.Code() != exec.NotStarted {
		t.Errorf("got %v, want exit code 1", res.Outcome)
	}
	if st := res.Folder.Status(); len(st.Owed) > 0 {
		t.Errorf("owed: %+v", st.Owed)
	}
	return err.Error()
}
