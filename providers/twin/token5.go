package twin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
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

// tokenLife is how long a token holds; clients get another after four minutes. Reference: section 1.2.
const tokenLife = 5 * time.Minute

// claims are what a token says.
type claims struct {
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

const audience = "streams"

// token makes a JSON web token for the user.
func (d *dc) token() api.AccessToken {
	now := time.Now()
	c := claims{Subject: d.cfg.Username, Audience: audience, Issued: now.Unix(), Expires: now.Add(tokenLife).Unix()}
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

// tokenHolds reports whether a token is one of this twin's and has not expired.
func (d *dc) tokenHolds(token string) bool {
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
	return err == nil && json.Unmarshal(raw, &c) == nil && time.Now().Unix() < c.Expires
}

// makeToken makes a token for who has logged in.
func (d *dc) makeToken(_ *api.Call, in api.TokenRequest) (api.AccessToken, error) {
	if in.Audience != audience {
		return api.AccessToken{}, api.Fail(http.StatusBadRequest, "", "The audience %s is not known.", in.Audience)
	}
	return d.token(), nil
}
