package streams

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

// pairOf is a certificate and its key in PEM.
func pairOf(t *testing.T, c *tls.Certificate) (certificate, key []byte) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestATokenAndACertificateAreShownInPlaceOfAPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, ca := providertest.NewNetwork(), providertest.NewAuthority(t)
		certificate, key := pairOf(t, ca.Certificate(t, "client", time.Now().Add(time.Hour)))
		var seen []string
		small := &server{status: "running"}
		srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, fmt.Sprint(r.Header.Get("Authorization"), " ", len(r.TLS.PeerCertificates)))
			small.ServeHTTP(w, r)
		})}
		l := tls.NewListener(n.Listen("streams:8443"), &tls.Config{
			MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert, Certificates: []tls.Certificate{*ca.Certificate(t, "streams", time.Now().Add(time.Hour))},
		})
		done := make(chan struct{})
		go func() { defer close(done); _ = srv.Serve(l) }()
		defer func() { _ = srv.Close(); <-done }()
		files := map[string][]byte{"ca.pem": ca.CA, "client.pem": certificate, "client.key": key, "other.key": ca.CA}
		var hidden []string
		env := providers.Env{
			Dial: n.Dial, Secret: func(string) (string, error) { return "t0ken", nil }, Conceal: func(s string) { hidden = append(hidden, s) },
			ReadFile: func(name string) ([]byte, error) { return files[name], nil },
		}
		const args = `{"url":"https://streams:8443","token":{"secret":"var.t"},"ca_file":"ca.pem","client_certificate":"client.pem","client_key":%q}`
		s, err := newSession(env, providers.Target{Name: "dc1"}, json.RawMessage(fmt.Sprintf(args, "client.key")))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		found := s.Check(t.Context())
		if len(found) != 1 || !found[0].OK || !strings.HasPrefix(found[0].Text, "logged in as the owner of the token; instance i is running") {
			t.Errorf("found %+v", found)
		}
		for _, x := range seen {
			if x != "Bearer t0ken 1" {
				t.Errorf("the server saw %q", x)
			}
		}
		if len(seen) == 0 || len(hidden) == 0 || hidden[0] != string(key) {
			t.Errorf("the server saw %d requests; %d secrets are hidden", len(seen), len(hidden))
		}
		if _, err := newSession(env, providers.Target{Name: "dc1"}, json.RawMessage(fmt.Sprintf(args, "other.key"))); err == nil || !strings.Contains(err.Error(), "use client_certificate client.pem and client_key other.key") {
			t.Errorf("a key that is none: %v", err)
		}
	})
}

func TestWaysToLogInExcludeEachOther(t *testing.T) {
	token := providers.Text{Slot: "var.t"}
	for name, tc := range map[string]struct {
		c    connection
		want string
	}{
		"token and user":         {connection{Token: token, Username: "u"}, "exclude each other"},
		"token and password":     {connection{TokenFile: "f", PasswordFile: "f"}, "exclude each other"},
		"a certificate alone":    {connection{ClientCert: "c"}, "belong together"},
		"a key alone":            {connection{ClientKey: "c"}, "belong together"},
		"a token":                {connection{Token: token}, ""},
		"a certificate and user": {connection{ClientCert: "c", ClientKey: "k", Username: "u"}, ""},
	} {
		err := tc.c.check()
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

func TestABusyServerIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		header func() string
		want   []time.Duration // of the requests after the first
		says   string
	}{
		"seconds":  {429, func() string { return "7" }, []time.Duration{0, 7 * time.Second}, ""},
		"a date":   {503, func() string { return time.Now().Add(4 * time.Second).UTC().Format(http.TimeFormat) }, []time.Duration{0, 4 * time.Second}, ""},
		"too long": {429, func() string { return "3600" }, []time.Duration{0}, "asks to be left alone for 1h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []time.Time
			srv := &server{status: "running"}
			srv.more = map[string]http.HandlerFunc{"GET /streams/resources": func(w http.ResponseWriter, r *http.Request) {
				if asked = append(asked, time.Now()); len(asked) == 1 {
					w.Header().Set("Retry-After", tc.header())
					w.WriteHeader(tc.status)
					return
				}
				serveText(`{"resources":[]}`)(w, r)
			}}
			on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
				_, err := s.client.Link(context.WithoutCancel(t.Context()), "instances")
				if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
					t.Errorf("it says %v, want %q", err, tc.says)
				}
				var got []time.Duration
				for _, at := range asked {
					got = append(got, at.Sub(asked[0]).Round(time.Second))
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
