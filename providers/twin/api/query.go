package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Related names what an element belongs to, by resource type, where its links do not say it: the REST ids of the
// resources that a job's PEs are on, or of both ends of a connection.
type Related map[string][]string

// relater is implemented by elements that name what they belong to.
type relater interface{ related() Related }

// related implements relater.
func (r Related) related() Related { return r }

// object is an element as it is queried.
type object struct {
	props map[string]any
	rel   Related
}

// parameters are the names that are no filters (reference: section 1.3). Assumption twin.lists.
var parameters = []string{"count", "page", "fields", "listFields", "sort", "verbose"}

// page makes the body of a collection: filters, order, pages, fields. Parameters that nothing is known of are ignored.
func page(c *Call, plural, kind string, items any) (map[string]any, error) {
	out := map[string]any{"resourceType": kind + "List"}
	v := reflect.ValueOf(items)
	if len(c.query) == 0 {
		out["total"], out[plural] = v.Len(), items
		if v.Len() == 0 {
			out[plural] = []struct{}{}
		}
		return out, nil
	}
	known := names(v.Type().Elem())
	objects := make([]object, 0, v.Len())
	for i := range v.Len() {
		o, err := objectOf(v.Index(i).Interface())
		if err != nil {
			return nil, err
		}
		if o.fits(c.query, known) {
			objects = append(objects, o)
		}
	}
	order(objects, c.query.Get("sort"))
	out["total"] = len(objects)
	from, to, current, last := cut(len(objects), c.query)
	if current < last {
		out["next"] = c.page(current + 1)
	}
	if current > 1 {
		out["previous"] = c.page(min(current-1, last))
	}
	elements := make([]any, 0, to-from)
	for _, o := range objects[from:to] {
		elements = append(elements, pick(o.props, c.query.Get("fields")))
	}
	out[plural] = elements
	if list := c.query.Get("listFields"); list != "" {
		want := strings.Split(list, ",")
		if c.query.Get("fields") != "" {
			want = append(want, plural) // who says which properties of elements wants elements
		}
		maps.DeleteFunc(out, func(name string, _ any) bool { return !slices.Contains(want, name) })
	}
	return out, nil
}

func objectOf(item any) (object, error) {
	b, err := json.Marshal(item)
	if err != nil {
		return object{}, err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber() // numbers have 64 bits
	o := object{props: map[string]any{}}
	if r, ok := item.(relater); ok {
		o.rel = r.related()
	}
	return o, dec.Decode(&o.props)
}

// names are the properties that a type can have.
func names(t reflect.Type) map[string]bool {
	out := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out[name] = true
	}
	return out
}

// fits applies filters: several properties are ANDed, several values of one ORed, those that the type does not have ignored.
func (o object) fits(q url.Values, known map[string]bool) bool {
	for name, values := range q {
		if slices.Contains(parameters, name) {
			continue
		}
		have, there := o.values(name)
		if first, _, _ := strings.Cut(name, "."); !there && !known[first] || name == "" {
			continue
		}
		want := strings.Split(strings.Join(values, ","), ",")
		if !slices.ContainsFunc(have, func(s string) bool { return slices.Contains(want, s) }) {
			return false
		}
	}
	return true
}

// values are what a filter compares with.
func (o object) values(name string) (have []string, known bool) {
	if kind, ok := strings.CutSuffix(name, ".restid"); ok {
		if have, known = o.rel[kind]; known {
			return have, true
		}
		if link, ok := o.props[kind].(string); ok {
			return []string{Link(link).last()}, true
		}
	}
	v, known := member(o.props, name)
	if !known {
		return nil, false
	}
	if list, ok := v.([]any); ok {
		for _, x := range list {
			have = append(have, text(x))
		}
		return have, true
	}
	return []string{text(v)}, true
}

// member finds a property, or `object.member` of a property that is an object.
func member(props map[string]any, name string) (any, bool) {
	if v, ok := props[name]; ok {
		return v, true
	}
	first, rest, dotted := strings.Cut(name, ".")
	if inner, ok := props[first].(map[string]any); ok && dotted {
		return member(inner, rest)
	}
	return nil, false
}

// text is a value as filters and orders read it.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return "null"
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	b, _ := json.Marshal(v) // it came from JSON
	return string(b)
}

// order sorts by `asc.<property>` and `desc.<property>`, the first word first. Arrays cannot be sorted on.
func order(objects []object, words string) {
	if words == "" {
		return
	}
	type key struct {
		name string
		sign int
	}
	var keys []key
	for w := range strings.SplitSeq(words, ",") {
		direction, name, _ := strings.Cut(w, ".")
		switch direction {
		case "asc":
			keys = append(keys, key{name, 1})
		case "desc":
			keys = append(keys, key{name, -1})
		}
	}
	slices.SortStableFunc(objects, func(a, b object) int {
		for _, k := range keys {
			x, _ := member(a.props, k.name)
			y, _ := member(b.props, k.name)
			if n := k.sign * compare(x, y); n != 0 {
				return n
			}
		}
		return 0
	})
}

// compare orders values: numbers, also those that are spelled as text as ids are, by size.
func compare(x, y any) int {
	if _, list := x.([]any); list {
		return 0
	}
	a, b := text(x), text(y)
	m, err1 := strconv.ParseInt(a, 10, 64)
	n, err2 := strconv.ParseInt(b, 10, 64)
	if err1 == nil && err2 == nil {
		return cmp.Compare(m, n)
	}
	return cmp.Compare(a, b)
}

// cut finds the page that is asked for. Pages are counted from 1; -1 is the last one.
func cut(total int, q url.Values) (from, to, current, last int) {
	count, err := strconv.Atoi(q.Get("count"))
	if err != nil || count <= 0 || count > total {
		count = max(total, 1)
	}
	last = max((total+count-1)/count, 1)
	current, err = strconv.Atoi(q.Get("page"))
	switch {
	case err != nil || current == 0 || current < -1:
		current = 1
	case current == -1:
		current = last
	case current > last:
		return total, total, last + 1, last
	}
	from = (current - 1) * count
	return from, min(from+count, total), current, last
}

// page is a link to another page of this collection.
func (c *Call) page(n int) Link {
	q := maps.Clone(c.query)
	q.Set("page", strconv.Itoa(n))
	path, _, _ := strings.Cut(c.RequestURI, "?")
	host, _ := url.Parse(c.Root)
	return Link(host.Scheme + "://" + host.Host + path + "?" + q.Encode())
}

// pick keeps the properties of a comma list; `object.member` keeps a member of an object. An empty list keeps all.
func pick(props map[string]any, list string) map[string]any {
	if list == "" {
		return props
	}
	out := map[string]any{}
	for name := range strings.SplitSeq(list, ",") {
		if v, ok := props[name]; ok {
			out[name] = v
			continue
		}
		first, rest, dotted := strings.Cut(name, ".")
		inner, ok := props[first].(map[string]any)
		if !ok || !dotted {
			continue
		}
		picked := pick(inner, rest)
		if len(picked) == 0 {
			continue
		}
		if old, ok := out[first].(map[string]any); ok {
			picked = merged(old, picked)
		}
		out[first] = picked
	}
	return out
}

func merged(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
