package https

import (
	"context"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// WebSocket opens a WebSocket connection at the request's URL. Exactly one of what it returns is there: the
// connection, which the caller closes; the answer of a service that did not want to change protocols; a *Failure.
// The context bounds the opening only. The connection ends with the pool too.
func (p *Pool) WebSocket(ctx context.Context, r Request) (*websocket.Conn, *Answer, error) {
	h := http.Header{}
	maps.Copy(h, r.Header)
	switch {
	case r.Bearer != "":
		h.Set("Authorization", "Bearer "+r.Bearer)
	case r.User != "":
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(r.User+":"+r.Password)))
	}
	sent := time.Now()
	c, resp, err := websocket.Dial(ctx, r.URL.String(), &websocket.DialOptions{ //nolint:bodyclose // Dial has read and closed it
		HTTPClient: &http.Client{
			Transport:     p.transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader: h,
	})
	switch {
	case err == nil:
		return c, nil, nil
	case resp != nil && resp.StatusCode != http.StatusSwitchingProtocols:
		body, _ := io.ReadAll(io.LimitReader(resp.Body, DefaultBody)) // it is in memory
		return nil, &Answer{Status: resp.StatusCode, Header: resp.Header, Body: body, Sent: sent, Answered: time.Now()}, nil
	}
	err = cause(ctx, err)
	return nil, nil, &Failure{Kind: kindOf(ctx, err, false), Sent: sent, Answered: time.Now(), Err: err}
}
