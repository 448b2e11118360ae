package measure

import (
	"encoding/json"
	"hash/crc32"
)

// Same reports whether the fields of an item that the record was sent with still have their values. Fields that
// the application added are left out of account, and so are those it dropped.
func (l *Ledger) Same(seq int64, item map[string]json.RawMessage) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for i, name := range l.fields {
		if seq >= int64(len(l.sums[i])) || l.sums[i][seq] == 0 {
			continue
		}
		if v, ok := item[name]; ok && checksum(v) != l.sums[i][seq] {
			return false
		}
	}
	return true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of a value's canonical form; never 0.
func checksum(v json.RawMessage) uint32 {
	return max(1, crc32.Checksum(canonical(v), castagnoli))
}
