package toxiproxy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxToxics bounds the toxics of one proxy.
const maxToxics = 1024

// proxy is a proxy as toxiproxy states it.
type proxy struct {
	Name     string  `json:"name"`
	Listen   string  `json:"listen"`
	Upstream string  `json:"upstream"`
	Enabled  bool    `json:"enabled"`
	Toxics   []toxic `json:"toxics"`
}

// toxic is one disturbance of one stream of a proxy.
type toxic struct {
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	Stream     string          `json:"stream"`
	Toxicity   float32         `json:"toxicity"` // share of the connections, 0 to 1; toxiproxy keeps no more digits
	Attributes json.RawMessage `json:"attributes"`
}

func (t toxic) String() string {
	return fmt.Sprintf("%.80q: %.40q %.40q, toxicity %v, %s", t.Name, t.Type, t.Stream, t.Toxicity, t.Attributes)
}

func (p proxy) toxic(name string) (toxic, bool) {
	for _, t := range p.Toxics {
		if t.Name == name {
			return t, true
		}
	}
	return toxic{}, false
}

// same compares toxics; their attributes are in canonical form.
func same(a, b toxic) bool {
	return a.Name == b.Name && a.Type == b.Type && a.Stream == b.Stream && a.Toxicity == b.Toxicity && bytes.Equal(a.Attributes, b.Attributes)
}

// proxyJSON tells a field that is missing from one that is empty.
type proxyJSON struct {
	Name     *string  `json:"name"`
	Listen   string   `json:"listen"`
	Upstream string   `json:"upstream"`
	Enabled  *bool    `json:"enabled"`
	Toxics   *[]toxic `json:"toxics"`
}

// decodeProxy reads the answer about one proxy, which must be the one that was asked for.
func decodeProxy(body []byte, want string) (proxy, error) {
	var p proxyJSON
	if err := json.Unmarshal(body, &p); err != nil {
		return proxy{}, err
	}
	out, err := p.checked()
	if err == nil && out.Name != want {
		return proxy{}, fmt.Errorf("it is about %s", shown(out.Name))
	}
	return out, err
}

// decodeProxies reads the answer about all proxies.
func decodeProxies(body []byte) (map[string]proxy, error) {
	var all map[string]proxyJSON
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, err
	}
	if all == nil {
		return nil, errors.New("it is null")
	}
	out := make(map[string]proxy, len(all))
	for name, p := range all {
		q, err := p.checked()
		if err != nil {
			return nil, fmt.Errorf("proxy %s: %w", shown(name), err)
		}
		out[name] = q
	}
	return out, nil
}

func (p proxyJSON) checked() (proxy, error) {
	switch {
	case p.Name == nil || *p.Name == "":
		return proxy{}, errors.New("it has no `name`")
	case p.Enabled == nil:
		return proxy{}, errors.New("it has no `enabled`")
	case p.Toxics == nil:
		return proxy{}, errors.New("it has no `toxics`")
	case len(*p.Toxics) > maxToxics:
		return proxy{}, fmt.Errorf("it has %d toxics, and %d are read at most", len(*p.Toxics), maxToxics)
	}
	out := proxy{Name: *p.Name, Listen: p.Listen, Upstream: p.Upstream, Enabled: *p.Enabled}
	for _, t := range *p.Toxics {
		t, err := t.checked()
		if err != nil {
			return proxy{}, err
		}
		out.Toxics = append(out.Toxics, t)
	}
	return out, nil
}

// decodeToxic reads the answer about one toxic.
func decodeToxic(body []byte) (toxic, error) {
	var t toxic
	if err := json.Unmarshal(body, &t); err != nil {
		return toxic{}, err
	}
	return t.checked()
}

// checked returns the toxic with its attributes in canonical form.
func (t toxic) checked() (toxic, error) {
	if t.Name == "" || t.Type == "" {
		return toxic{}, errors.New("a toxic has no `name` or no `type`")
	}
	var err error
	if t.Attributes, err = canonical(t.Attributes); err != nil {
		return toxic{}, fmt.Errorf("attributes of the toxic %s: %w", shown(t.Name), err)
	}
	return t, nil
}

// canonical writes JSON such that equal values are equal texts: sorted, without blanks, numbers as they were.
func canonical(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 {
		return json.RawMessage("{}"), nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one value")
	}
	if v == nil {
		return json.RawMessage("{}"), nil
	}
	return json.Marshal(v)
}
