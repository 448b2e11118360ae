package twin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// older is what API 5 needs to know.
type older struct {
	key         []byte // that tokens are signed with
	submissions []*asked
}

func newOlder() older {
	o := older{key: make([]byte, 32)}
	if _, err := rand.Read(o.key); err != nil {
		panic("twin: no randomness: " + err.Error()) // crypto/rand never fails on supported systems
	}
	return o
}

const (
	// tokenLife is how long a token holds; clients get another after four minutes. Reference: section 1.2.
	tokenLife = 5 * time.Minute
	// clusterLife is how long one of a cluster holds: clients trust in 11 hours. Reference: tags PY and JV.
	clusterLife = 12 * time.Hour
	// sessionLife is how long a session holds. Assumption twin.older.
	sessionLife = 2 * time.Hour
)

// claims are what a token says.
type claims struct {
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

// Whom tokens are for.
const (
	audience        = "streams"
	sessionAudience = "session" // in a cookie
)

// token makes a JSON web token for the user.
func (d *dc) token(audience string, life time.Duration) api.AccessToken {
	now := time.Now()
	c := claims{Subject: d.cfg.Username, Audience: audience, Issued: now.Unix(), Expires: now.Add(life).Unix()}
	payload, _ := json.Marshal(c) // it always encodes
	text := encoded([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encoded(payload)
	return api.AccessToken{AccessToken: text + "." + encoded(d.sign(text)), IssueTime: c.Issued, ExpireTime: c.Expires}
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (d *dc) sign(text string) []byte {
	m := hmac.New(sha256.New, d.older.key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// tokenHolds reports whether a token is one of this twin's for an audience and has not expired.
func (d *dc) tokenHolds(token, audience string) bool {
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return false
	}
	text := token[:i]
	mac, err := base64.RawURLEncoding.DecodeString(token[i+1:])
	if err != nil || !hmac.Equal(mac, d.sign(text)) {
		return false
	}
	_, payload, _ := strings.Cut(text, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	var c claims
	return err == nil && json.Unmarshal(raw, &c) == nil && c.Audience == audience && time.Now().Unix() < c.Expires
}

// makeToken makes a token for who has logged in.
func (d *dc) makeToken(_ *api.Call, in api.TokenRequest) (api.AccessToken, error) {
	if !slices.Equal(in.Audience, api.Audience{audience}) {
		return api.AccessToken{}, api.Fail(http.StatusBadRequest, "", "The audience %s is not known.", strings.Join(in.Audience, ", "))
	}
	return d.token(audience, tokenLife), nil
}

// sessionName is the cookie's. Hosts share cookies among their ports, and targets share hosts.
func (d *dc) sessionName() string { return fmt.Sprintf("streams-session-%x", d.cfg.Name) }

// inSession reports whether a request belongs to a session, which one does that has the cookie of an earlier answer.
func (d *dc) inSession(r *http.Request) bool {
	c, err := r.Cookie(d.sessionName())
	return err == nil && d.tokenHolds(c.Value, sessionAudience)
}

// openSession gives who has logged in a cookie. Clients in Java cancel jobs without saying who they are, and rely on it.
// Reference: tag JV. No other site's page gets a browser to send it.
func (d *dc) openSession(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{
		Name: d.sessionName(), Value: d.token(sessionAudience, sessionLife).AccessToken, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
