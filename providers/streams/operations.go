package streams

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/xdc-project/xdc/providers/streams/rest"
)

// operation is a call that no public source documents. The table is data, so that a better one can take its place.
type operation struct {
	Method string
	Path   string // below the resource's own link
	Body   any
}

// operations are guesses: the server has a generic action mechanism whose body must contain a type (its messages
// say so), and nothing says where. Assumption rest.actions.
var operations = map[string]operation{
	"stop":    {"POST", "/actions", map[string]string{"type": "stop"}},
	"start":   {"POST", "/actions", map[string]string{"type": "start"}},
	"restart": {"POST", "/actions", map[string]string{"type": "restart"}},
}

// shown is the operation on a resource as the dry run shows it.
func (o operation) shown(link string) string {
	body, err := json.Marshal(o.Body)
	if err != nil {
		return o.Method + " " + link + o.Path
	}
	return fmt.Sprintf("%s %s%s  %s", o.Method, link, o.Path, body)
}

// act carries an operation out on a resource.
func (s *Session) act(ctx context.Context, what, doing, self string) error {
	op, ok := operations[what]
	if !ok {
		return fmt.Errorf("%s: there is no operation %q", doing, what)
	}
	return s.client.Post(ctx, doing, rest.Join(self, op.Path), op.Body, nil)
}
