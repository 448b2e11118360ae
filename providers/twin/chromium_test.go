package twin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// tab is a page in a headless Chromium, driven over its debugging protocol.
type tab struct {
	t    *testing.T
	conn *websocket.Conn
	next int
}

// open starts a Chromium of its own with an empty profile and opens a page. It skips the test where there is none.
func open(t *testing.T, address string) *tab {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium (Debian: apt-get install chromium; .ci/setup does): ", err)
	}
	profile := t.TempDir()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0", "--user-data-dir="+profile, "about:blank")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was interrupted
		// Its helpers let go of the profile a little later; the temporary folder is removed after this.
		for range 50 {
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	var opened *tab
	until(t, "chromium listens", func() bool {
		b, err := os.ReadFile(filepath.Join(profile, "DevToolsActivePort"))
		if err != nil {
			return false
		}
		port, _, _ := strings.Cut(string(b), "\n")
		socket := firstPage(ctx, port)
		if socket == "" {
			return false
		}
		conn, resp, err := websocket.Dial(ctx, socket, nil)
		if err != nil {
			return false
		}
		if resp.Body != nil {
			_ = resp.Body.Close()
		}
		conn.SetReadLimit(64 << 20)
		t.Cleanup(func() { _ = conn.CloseNow() })
		opened = &tab{t: t, conn: conn}
		return true
	})
	opened.do("Page.navigate", object{"url": address}, nil)
	return opened
}

// firstPage is where the debugging protocol of the browser's page is spoken.
func firstPage(ctx context.Context, port string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+port+"/json/list", nil)
	if err != nil {
		return ""
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	var list []struct {
		Type   string `json:"type"`
		Socket string `json:"webSocketDebuggerUrl"`
	}
	_ = json.NewDecoder(resp.Body).Decode(&list)
	for _, p := range list {
		if p.Type == "page" {
			return p.Socket
		}
	}
	return ""
}

// until waits for something that a real browser does in its own time.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("a minute has gone: %s is not so", what)
		}
	}
}

// do calls a method of the protocol.
func (p *tab) do(method string, params object, into any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	p.next++
	if err := wsjson.Write(ctx, p.conn, object{"id": p.next, "method": method, "params": params}); err != nil {
		p.t.Fatal(err)
	}
	for {
		var answer struct {
			ID     int             `json:"id"`
			Result json.RawMessage `json:"result"`
			Error  json.RawMessage `json:"error"`
		}
		if err := wsjson.Read(ctx, p.conn, &answer); err != nil {
			p.t.Fatalf("%s: %v", method, err)
		}
		switch {
		case answer.ID != p.next:
			continue // an event
		case answer.Error != nil:
			p.t.Fatalf("%s: %s", method, answer.Error)
		case into != nil:
			if err := json.Unmarshal(answer.Result, into); err != nil {
				p.t.Fatal(err)
			}
		}
		return
	}
}

// eval is the value of an expression in the page, as a string.
func (p *tab) eval(expression string) string {
	p.t.Helper()
	var out struct {
		Result struct {
			Value any `json:"value"`
		} `json:"result"`
		Thrown *struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	p.do("Runtime.evaluate", object{"expression": expression, "returnByValue": true}, &out)
	if out.Thrown != nil {
		p.t.Fatal(errors.New(out.Thrown.Text + ": " + expression))
	}
	return fmt.Sprint(out.Result.Value)
}

// text is what is to be read in the elements that a selector finds.
func (p *tab) text(selector string) string {
	p.t.Helper()
	return p.eval(`[...document.querySelectorAll(` + fmt.Sprintf("%q", selector) + `)].map((e) => e.innerText).join("\n")`)
}

// as sets the width of the window and whether the reader likes it dark.
func (p *tab) as(width int, scheme string) {
	p.t.Helper()
	p.do("Emulation.setDeviceMetricsOverride", object{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	p.do("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// picture writes a picture of the whole page into the folder that XDC_PICTURES names, for people; else it does nothing.
func (p *tab) picture(name string) {
	p.t.Helper()
	dir := os.Getenv("XDC_PICTURES")
	if dir == "" {
		return
	}
	var out struct {
		Data string `json:"data"`
	}
	p.do("Page.captureScreenshot", object{"format": "png", "captureBeyondViewport": true}, &out)
	b, err := base64.StdEncoding.DecodeString(out.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
