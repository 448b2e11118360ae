package twin

import (
	"encoding/json"
	"hash/fnv"
)

// parts are the application's whole state in n pieces, as of an application whose operator has n parallel copies: each
// record and each count is in one of them, by its key.
func (a *application) parts(n int) [][]byte {
	if n <= 1 {
		return [][]byte{a.snapshot()}
	}
	pieces := make([]snapshot, n)
	of := func(key string) *snapshot {
		h := fnv.New32a()
		_, _ = h.Write([]byte(key)) // it never fails
		return &pieces[int(h.Sum32()%uint32(n))]
	}
	a.mu.Lock()
	for _, h := range a.state {
		p := of(keyOf(h.Data))
		p.State = append(p.State, h)
	}
	for k, c := range a.counts {
		p := of(k)
		if p.Counts == nil {
			p.Counts = map[string]int64{}
		}
		p.Counts[k] = c
	}
	a.mu.Unlock()
	out := make([][]byte, n)
	for i, p := range pieces {
		b, err := json.Marshal(p)
		if err == nil {
			out[i] = b
		}
	}
	return out
}
