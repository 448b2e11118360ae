package toxiproxy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// inForce injects a fault and returns what heals it, verified both times.
func inForce(t *testing.T, env providers.Env, typ, args string) (heal func()) {
	t.Helper()
	d := faultType(t, typ).New(env)
	h, err := d.Prepare(t.Context(), theStep, json.RawMessage(args))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if e, err := d.Verify(t.Context(), h); err != nil || !e.InForce {
		t.Fatalf("in force is %v, %v: %s", e.InForce, err, e.Evidence)
	}
	return func() {
		t.Helper()
		if err := d.Heal(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce || e.Difference != "" {
			t.Fatalf("not healed: %v, %v: %s %s", e.InForce, err, e.Evidence, e.Difference)
		}
	}
}

// bench is a server with the proxy "a" in front of something.
func bench(t *testing.T, serve func(net.Conn)) (s *server, env providers.Env, address string) {
	t.Helper()
	s = start(t)
	address = s.proxy(t, "a", listen(t, serve))
	return s, surroundings(t, map[string]string{"dc1": s.url}), address
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// trip is how long a byte takes there and back.
func trip(t *testing.T, c net.Conn) time.Duration {
	t.Helper()
	begin := time.Now()
	b := []byte{'x'}
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatal(err)
	}
	return time.Since(begin)
}

func TestLatencyDelaysEachWay(t *testing.T) {
	t.Parallel()
	_, env, at := bench(t, echo)
	c := dial(t, at)
	trip(t, c)
	heal := inForce(t, env, "toxiproxy_latency", `{"target": "dc1", "proxies": ["a"], "latency": "150ms"}`)
	for _, c := range []net.Conn{c, dial(t, at)} { // old connections and new ones
		if d := trip(t, c); d < 300*time.Millisecond {
			t.Errorf("a byte took %s there and back, want at least 300ms", d)
		}
	}
	heal()
	if d := trip(t, c); d >= 300*time.Millisecond {
		t.Errorf("a byte takes %s after the heal", d)
	}
	heal = inForce(t, env, "toxiproxy_latency", `{"target": "dc1", "proxies": ["a"], "latency": "150ms", "jitter": "40ms", "stream": "downstream"}`)
	if d := trip(t, c); d < 110*time.Millisecond || d > 290*time.Millisecond {
		t.Errorf("one way of 150 +- 40 ms took %s", d)
	}
	heal()
}

func TestStagesReplaceInPlace(t *testing.T) {
	t.Parallel()
	_, env, at := bench(t, echo)
	c := dial(t, at)
	d := faultType(t, "toxiproxy_latency").New(env)
	h, err := d.Prepare(t.Context(), theStep, json.RawMessage(`{"target": "dc1", "proxies": ["a"], "latency": "400ms"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	slow := trip(t, c)
	st := d.(providers.Stager)
	if err := st.Restage(t.Context(), h, json.RawMessage(`{"target": "dc1", "proxies": ["a"], "latency": "20ms", "toxicity": 0.999}`)); err != nil {
		t.Fatal(err)
	}
	if quick := trip(t, c); quick > slow/2 {
		t.Errorf("with 20ms a byte takes %s, and with 400ms it took %s", quick, slow)
	}
	for _, args := range []string{
		`{"target": "dc1", "proxies": ["b"], "latency": "20ms"}`,
		`{"target": "dc1", "proxies": ["a"], "latency": "20ms", "stream": "upstream"}`,
	} {
		contains(t, st.Restage(t.Context(), h, json.RawMessage(args)), "a stage cannot move the fault")
	}
	if err := d.Heal(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	contains(t, st.Restage(t.Context(), h, json.RawMessage(`{"target": "dc1", "proxies": ["a"], "latency": "20ms"}`)), "toxic not found")
}

func TestBandwidthLimitsTheRate(t *testing.T) {
	t.Parallel()
	_, env, at := bench(t, echo)
	data := bytes.Repeat([]byte("0123456789"), 20_000) // 200 kB
	pass := func() time.Duration {
		c := dial(t, at)
		begin := time.Now()
		go func() { _, _ = c.Write(data) }()
		got := make([]byte, len(data))
		if _, err := io.ReadFull(c, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, data) {
			t.Error("what comes back is not what was sent")
		}
		return time.Since(begin)
	}
	free := pass()
	var took []time.Duration
	for _, rate := range []string{"200000", "400000"} {
		heal := inForce(t, env, "toxiproxy_bandwidth", `{"target": "dc1", "proxies": ["a"], "stream": "downstream", "rate": `+rate+`}`)
		took = append(took, pass())
		heal()
	}
	if took[0] < 700*time.Millisecond || took[0] < 4*free {
		t.Errorf("200 kB at 200 kB/s took %s, and %s without the fault", took[0], free)
	}
	if r := took[0].Seconds() / took[1].Seconds(); r < 1.4 {
		t.Errorf("half the rate takes only %.2f times as long: %v", r, took)
	}
}

func TestTimeoutHoldsBackAndTheHealCloses(t *testing.T) {
	t.Parallel()
	_, env, at := bench(t, echo)
	c := dial(t, at)
	trip(t, c)
	heal := inForce(t, env, "toxiproxy_timeout", `{"target": "dc1", "proxies": ["a"]}`)
	if _, err := c.Write([]byte("lost")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if n, err := c.Read(b); !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Errorf("read %d bytes, %v, want nothing and no end", n, err)
	}
	heal()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := c.Read(b); err == nil || isTimeout(err) {
		t.Errorf("read %d bytes, %v after the heal, want an end", n, err)
	}
	trip(t, dial(t, at))
	heal = inForce(t, env, "toxiproxy_timeout", `{"target": "dc1", "proxies": ["a"], "close_after": "200ms"}`)
	c = dial(t, at)
	begin := time.Now()
	if n, err := c.Read(b); err == nil || isTimeout(err) || time.Since(begin) < 150*time.Millisecond {
		t.Errorf("read %d bytes, %v after %s, want an end after 200ms", n, err, time.Since(begin))
	}
	heal()
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func TestResetIsAReset(t *testing.T) {
	t.Parallel()
	_, env, at := bench(t, echo)
	heal := inForce(t, env, "toxiproxy_reset", `{"target": "dc1", "proxies": ["a"]}`)
	c := dial(t, at)
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read says %v, want a reset", err)
	}
	heal()
	trip(t, dial(t, at))
}

func TestSlowCloseDelaysTheEnd(t *testing.T) {
	t.Parallel()
	_, env, at := bench(t, func(c net.Conn) { _, _ = c.Write([]byte("bye")) })
	end := func() time.Duration {
		begin := time.Now()
		if got, err := io.ReadAll(dial(t, at)); err != nil || string(got) != "bye" {
			t.Errorf("got %q, %v", got, err)
		}
		return time.Since(begin)
	}
	heal := inForce(t, env, "toxiproxy_slow_close", `{"target": "dc1", "proxies": ["a"], "close_delay": "500ms"}`)
	if d := end(); d < 500*time.Millisecond {
		t.Errorf("the end came after %s, want at least 500ms", d)
	}
	heal()
	if d := end(); d >= 500*time.Millisecond {
		t.Errorf("the end comes after %s when it is healed", d)
	}
}

func TestLimitCutsOffAfterSoManyBytes(t *testing.T) {
	t.Parallel()
	_, env, at := bench(t, func(c net.Conn) { _, _ = c.Write(bytes.Repeat([]byte("x"), 10_000)) })
	heal := inForce(t, env, "toxiproxy_limit", `{"target": "dc1", "proxies": ["a"], "bytes": 1234, "stream": "downstream"}`)
	if got, err := io.ReadAll(dial(t, at)); len(got) != 1234 {
		t.Errorf("got %d bytes, %v, want 1234", len(got), err)
	}
	heal()
	if got, err := io.ReadAll(dial(t, at)); len(got) != 10_000 {
		t.Errorf("got %d bytes, %v after the heal, want all 10000", len(got), err)
	}
}

func TestDownClosesAndRefuses(t *testing.T) {
	t.Parallel()
	_, env, at := bench(t, echo)
	c := dial(t, at)
	trip(t, c)
	heal := inForce(t, env, "toxiproxy_down", `{"target": "dc1", "proxies": ["a"]}`)
	if _, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("an open connection says %v, want an end", err)
	}
	if _, err := net.Dial("tcp", at); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new connection says %v, want a refusal", err)
	}
	_, err := faultType(t, "toxiproxy_latency").New(env).Prepare(t.Context(), theStep, json.RawMessage(`{"target": "dc1", "proxies": ["a"], "latency": "1s"}`))
	contains(t, err, "is switched off")
	heal()
	trip(t, dial(t, at))
}

func TestToxicityChoosesConnections(t *testing.T) {
	t.Parallel()
	_, env, at := bench(t, func(c net.Conn) { _, _ = c.Write(bytes.Repeat([]byte("x"), 100)) })
	defer inForce(t, env, "toxiproxy_limit", `{"target": "dc1", "proxies": ["a"], "bytes": 1, "stream": "downstream", "toxicity": 0.5}`)()
	hit := 0
	const of = 100
	for range of {
		c := dial(t, at)
		if got, _ := io.ReadAll(c); len(got) == 1 {
			hit++
		}
		_ = c.Close()
	}
	if hit < 20 || hit > 80 { // outside with a probability of 1 in 10^9
		t.Errorf("%d of %d connections were affected, want about half", hit, of)
	}
}

// Toxiproxy cannot take a toxic away from a connection whose receiver does not read. The heal must say so in time, and
// must work once toxiproxy has been restarted.
func TestHealWithAStuckConnectionAndAfterARestart(t *testing.T) {
	t.Parallel()
	up := listen(t, func(c net.Conn) {
		data := make([]byte, 1<<20)
		for range 64 {
			if _, err := c.Write(data); err != nil {
				return
			}
		}
	})
	s := start(t)
	at := s.proxy(t, "a", up)
	s.proxy(t, "b", up)
	env := surroundings(t, map[string]string{"dc1": s.url})
	d := faultType(t, "toxiproxy_latency").New(env)
	h, err := d.Prepare(t.Context(), theStep, json.RawMessage(`{"target": "dc1", "proxies": ["a", "b"], "latency": "10ms"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	dial(t, at)                         // never read from
	time.Sleep(1500 * time.Millisecond) // until every buffer on the way is full
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	contains(t, d.Heal(ctx, h), `from the proxy "a"`, "restart toxiproxy")
	b := s.must(t, "GET", "/proxies/b", nil)
	if strings.Contains(b, "xdc_") {
		t.Errorf("the proxy that hangs has kept the other one from being healed: %s", b)
	}
	s.stop()
	_, err = d.VerifyHealed(t.Context(), h)
	contains(t, err, "nothing listens there")
	if again := launch(t, s.file, s.port); again == nil {
		t.Fatal("toxiproxy does not start again")
	}
	if err := d.Heal(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	e, err := d.VerifyHealed(t.Context(), h)
	if err != nil || e.InForce || !strings.Contains(e.Difference, `proxy "a" is gone`) {
		t.Errorf("after a restart without the proxies it says %+v, %v", e, err)
	}
}

func TestSummaryAndUndoSayThatNothingIsArmed(t *testing.T) {
	env := surroundings(t, map[string]string{"dc1": "http://127.0.0.1:8474/base/"})
	for typ, args := range suiteArgs {
		d, diags := faultType(t, typ).Describe(providers.Scope{Targets: env.Targets}, json.RawMessage(args))
		if diags.HasErrors() {
			t.Fatal(diags.Err())
		}
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"not armed", "xdc recover", "http://127.0.0.1:8474/base/proxies/a"} {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s: the dry run lacks %q: %s", typ, want, b)
			}
		}
	}
}
