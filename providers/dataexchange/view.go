package dataexchange

import (
	"encoding/json"
	"fmt"
)

// View tells what is new in a window that is always read whole, such as an operator's that keeps its last tuples. It belongs to
// one goroutine.
type View struct{ seen sight }

// NewView returns a view of a window of which nothing has been read.
func NewView() *View { return &View{sight{overlaps: true}} }

// Take reads the window, a JSON array, and returns the items that were not in it before. cause says why items may have passed
// unseen: nothing of what was in it is left. Empty: surely none have.
func (v *View) Take(body []byte) (fresh []json.RawMessage, cause string, err error) {
	var items itemList
	if err := json.Unmarshal(body, &items); err != nil {
		return nil, "", fmt.Errorf("the window is not the JSON array that was expected: %w", err)
	}
	fresh, cause = v.seen.take(page{items: items, content: true})
	return fresh, cause, nil
}
