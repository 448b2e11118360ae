package dataexchange

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

// tokenPlatform is a platform that is logged in to with a token.
type tokenPlatform struct{ *platform }

func (tokenPlatform) Login(context.Context) (user, pw string, err error) { return "", "", nil }
func (tokenPlatform) Bearer(context.Context) (string, error)             { return "t0ken", nil }

func TestTheServiceGetsTheLoginOfTheStreamsBlock(t *testing.T) {
	for name, tc := range map[string]struct {
		streams, own string
		want         string // the listing's finding, or the beginning of an error
		seen         string
	}{
		"all of it": {
			streams: `{"url":"https://streams:8443","ca_file":"ca.pem","server_name":"inside","client_certificate":"client.pem","client_key":"client.key"}`,
			want:    "the service answers at https://data.example.com:8444/data", seen: "Bearer t0ken, certificate client",
		},
		"its own name of the server": {
			streams: `{"url":"https://streams:8443","ca_file":"ca.pem","server_name":"wrong","client_certificate":"client.pem","client_key":"client.key"}`,
			own:     `{"server_name":"inside"}`,
			want:    "the service answers at https://data.example.com:8444/data", seen: "Bearer t0ken, certificate client",
		},
		"a host of its own has a name of its own": {
			streams: `{"url":"https://streams:8443","ca_file":"ca.pem","server_name":"inside","client_certificate":"client.pem","client_key":"client.key"}`,
			own:     `{"url":"https://data.example.com:8444/data"}`,
			want:    "list the endpoints at dc1: GET https://data.example.com:8444/data: the server's certificate is for another name",
		},
		"no certificate": {
			streams: `{"url":"https://streams:8443","ca_file":"ca.pem","server_name":"inside"}`,
			want:    "list the endpoints at dc1: GET https://data.example.com:8444/data: the server asks for a client's certificate",
		},
		"a key that is none": {
			streams: `{"url":"https://streams:8443","ca_file":"ca.pem","client_certificate":"client.pem","client_key":"ca.pem"}`,
			want:    "use client_certificate client.pem and client_key ca.pem: ",
		},
		"a file that is not there": {
			streams: `{"url":"https://streams:8443","client_certificate":"none.pem","client_key":"client.key"}`,
			want:    "log in as the streams block of target dc1 says: read client_certificate: no file none.pem",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, ca := providertest.NewNetwork(), providertest.NewAuthority(t)
				client := ca.Certificate(t, "client", time.Now().Add(time.Hour))
				der, err := x509.MarshalPKCS8PrivateKey(client.PrivateKey)
				if err != nil {
					t.Fatal(err)
				}
				files := map[string][]byte{
					"ca.pem":     ca.CA,
					"client.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: client.Certificate[0]}),
					"client.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
				}
				seen := ""
				srv := &http.Server{ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					seen = fmt.Sprintf("%s, certificate %s", r.Header.Get("Authorization"), r.TLS.PeerCertificates[0].DNSNames[0])
					_, _ = io.WriteString(w, `{"jobs":[]}`)
				})}
				l := tls.NewListener(n.Listen(dataHost), &tls.Config{
					MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert, Certificates: []tls.Certificate{*ca.Certificate(t, "inside", time.Now().Add(time.Hour))},
				})
				done := make(chan struct{})
				go func() { defer close(done); _ = srv.Serve(l) }()
				defer func() { _ = srv.Close(); <-done }()

				var hidden []string
				env := providers.Env{
					Dial: n.Dial, Conceal: func(s string) { hidden = append(hidden, s) },
					ReadFile: func(name string) ([]byte, error) {
						if b, ok := files[name]; ok {
							return b, nil
						}
						return nil, fmt.Errorf("no file %s", name)
					},
					Session: func(string, string) (providers.Session, error) {
						return tokenPlatform{&platform{services: []string{"https://" + dataHost + "/data"}}}, nil
					},
				}
				said := ""
				s, err := newSession(env, providers.Target{Name: "dc1", Connections: map[string]json.RawMessage{"streams": json.RawMessage(tc.streams)}}, json.RawMessage(tc.own))
				if err != nil {
					said = err.Error()
				} else {
					defer s.Close()
					said = s.Check(t.Context())[0].Text
				}
				if !strings.HasPrefix(said, tc.want) {
					t.Errorf("it says %q, want %q", said, tc.want)
				}
				if diff := cmp.Diff(tc.seen, seen); diff != "" {
					t.Error(diff)
				}
				if strings.Contains(tc.streams, `"client.key"`) && err == nil && (len(hidden) != 1 || hidden[0] != string(files["client.key"])) {
					t.Errorf("the key is not hidden: %d secrets are", len(hidden))
				}
			})
		})
	}
}
