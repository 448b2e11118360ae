package measure

import (
	"testing"

	"pgregory.net/rapid"
)

func TestSetsAreSets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s Set
		m, size := make([]bool, 8*ChunkSize), int64(0)
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				before := rapid.IntRange(0, 4).Draw(t, "before")
				for _, c := range s.Squeeze(before) {
					if c >= before {
						t.Fatalf("chunk %d was squeezed, and is not before %d", c, before)
					}
				}
			default:
				first := rapid.OneOf(rapid.Int64Range(0, 200), rapid.Int64Range(ChunkSize-100, ChunkSize+100), rapid.Int64Range(0, 3*ChunkSize)).Draw(t, "first")
				step := rapid.SampledFrom([]int64{1, 1, 2, 63, 64}).Draw(t, "step")
				for i := range rapid.SampledFrom([]int64{1, 70, 5000, ChunkSize}).Draw(t, "n") {
					if first+i*step >= int64(len(m)) {
						break
					}
					if x := first + i*step; s.Add(x) == m[x] {
						t.Fatalf("%d was there: %v", x, m[x])
					} else if !m[x] {
						m[x] = true
						size++
					}
				}
			}
		}
		if s.Len() != size {
			t.Fatalf("it has %d numbers, want %d", s.Len(), size)
		}
		for c := range 8 {
			var w, again Words
			s.Or(c, &w)
			w.Each(func(first, last uint16) { again.Fill(first, last) })
			if w != again {
				t.Fatal("the runs of the bits are not the bits")
			}
			any := false
			for i := range int64(ChunkSize) {
				x := int64(c)*ChunkSize + i
				any = any || m[x]
				if s.Has(x) != m[x] || w.Has(uint16(i)) != m[x] {
					t.Fatalf("%d is there: %v and %v, want %v", x, s.Has(x), w.Has(uint16(i)), m[x])
				}
			}
			if s.Any(c) != any {
				t.Fatalf("chunk %d has something: %v", c, s.Any(c))
			}
		}
	})
}

func TestAFullSetTakesNextToNothing(t *testing.T) {
	t.Parallel()
	var s Set
	for i := range int64(10 * ChunkSize) {
		if i%1000 != 999 {
			s.Add(i)
		}
		if i%ChunkSize == 0 {
			s.Squeeze(int(i/ChunkSize) - 1)
		}
	}
	s.Squeeze(10)
	size := 0
	for _, c := range s.chunks {
		if c.words != nil {
			t.Error("a chunk still has its bits")
		}
		size += 2 * len(c.runs)
	}
	if size > 10*4*70 {
		t.Errorf("%d bytes for 655 that are missing", size)
	}
}
