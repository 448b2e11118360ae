package audit

// bits is a set of record numbers.
type bits []uint64

func (b bits) has(i int64) bool {
	w := i >> 6
	return w < int64(len(b)) && b[w]&(1<<(i&63)) != 0
}

// set adds i and reports whether it was not there.
func (b *bits) set(i int64) bool {
	w := i >> 6
	for int64(len(*b)) <= w {
		*b = append(*b, 0)
	}
	fresh := (*b)[w]&(1<<(i&63)) == 0
	(*b)[w] |= 1 << (i & 63)
	return fresh
}
