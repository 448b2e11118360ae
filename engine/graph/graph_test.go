package graph_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/graph"
)

func TestOrderFollowsTheEdgesAndElseTheOrderOfAdding(t *testing.T) {
	var b graph.Builder[string]
	for _, n := range []string{"d", "c", "b", "a"} {
		b.Add(n)
	}
	b.Edge("a", "d")
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"c", "b", "a", "d"}, g.Order()); diff != "" {
		t.Error(diff)
	}
}

func TestACycleIsShownInTheDirectionOfItsEdges(t *testing.T) {
	var b graph.Builder[string]
	b.Edge("in", "x")
	b.Edge("x", "y")
	b.Edge("y", "z")
	b.Edge("z", "x")
	b.Edge("z", "out")
	_, err := b.Build()
	var c *graph.CycleError[string]
	if !errors.As(err, &c) {
		t.Fatalf("got %v, want a cycle", err)
	}
	i := slices.Index(c.Loop, "x")
	if i < 0 || !slices.Equal(append(c.Loop[i:], c.Loop[:i]...), []string{"x", "y", "z"}) {
		t.Errorf("the loop is %v", c.Loop)
	}
}

func TestANodeAfterItselfIsACycle(t *testing.T) {
	var b graph.Builder[int]
	b.Edge(1, 1)
	_, err := b.Build()
	if err == nil || err.Error() != "the graph has a cycle: 1 -> 1" {
		t.Errorf("got %v", err)
	}
}

func TestAnEmptyGraphAnswersEverything(t *testing.T) {
	var b graph.Builder[string]
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	path, w := g.Longest(func(string) float64 { return 1 })
	if len(path) != 0 || w != 0 || len(g.Downstream("x").List()) != 0 || g.Reaches("x", "y") || g.Place("x") != -1 || g.Has("x") {
		t.Error("an empty graph has something in it")
	}
}

type drawn struct {
	n     int
	edges [][2]int
}

func draw(t *rapid.T) drawn {
	d := drawn{n: rapid.IntRange(1, 25).Draw(t, "nodes")}
	for range rapid.IntRange(0, 60).Draw(t, "edges") {
		d.edges = append(d.edges, [2]int{rapid.IntRange(0, d.n-1).Draw(t, "from"), rapid.IntRange(0, d.n-1).Draw(t, "to")})
	}
	return d
}

func (d drawn) build() (*graph.Graph[int], error) {
	var b graph.Builder[int]
	for i := range d.n {
		b.Add(i)
	}
	for _, e := range d.edges {
		b.Edge(e[0], e[1])
	}
	return b.Build()
}

// closure is the obviously right transitive closure.
func (d drawn) closure() [][]bool {
	c := make([][]bool, d.n)
	for i := range c {
		c[i] = make([]bool, d.n)
	}
	for _, e := range d.edges {
		c[e[0]][e[1]] = true
	}
	for k := range d.n {
		for i := range d.n {
			for j := range d.n {
				c[i][j] = c[i][j] || c[i][k] && c[k][j]
			}
		}
	}
	return c
}

func TestEveryGraphHasEitherAnOrderOrACycle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		c := d.closure()
		cyclic := false
		for i := range d.n {
			cyclic = cyclic || c[i][i]
		}
		g, err := d.build()
		if (err != nil) != cyclic {
			t.Fatalf("cyclic %v, error %v", cyclic, err)
		}
		if ce, ok := errors.AsType[*graph.CycleError[int]](err); ok {
			for i, n := range ce.Loop {
				next := ce.Loop[(i+1)%len(ce.Loop)]
				if !slices.Contains(d.edges, [2]int{n, next}) {
					t.Fatalf("%v is no cycle: there is no edge %d -> %d", ce.Loop, n, next)
				}
			}
			return
		}
		holds(t, d, g)
	})
}

// holds compares a graph with the closure of its edges.
func holds(t *rapid.T, d drawn, g *graph.Graph[int]) {
	c := d.closure()
	order := g.Order()
	if len(order) != d.n {
		t.Fatalf("order has %d of %d nodes", len(order), d.n)
	}
	for at, n := range order {
		if g.Place(n) != at {
			t.Fatalf("place of %d", n)
		}
		// Stable: a node added earlier that comes later must wait for something that comes after this one.
		for _, m := range order[at+1:] {
			if c[m][n] {
				t.Fatalf("%d comes after %d and stands before it", n, m)
			}
			if m < n && !slices.ContainsFunc(order[at:], func(k int) bool { return c[k][m] && k != m }) {
				t.Fatalf("%d could stand before %d: %v", m, n, order)
			}
		}
	}
	for i := range d.n {
		down, up := g.Downstream(i), g.Upstream(i)
		for j := range d.n {
			if down.Has(j) != c[i][j] || up.Has(j) != c[j][i] || g.Reaches(i, j) != c[i][j] {
				t.Fatalf("reachability of %d and %d", i, j)
			}
		}
		if !slices.IsSortedFunc(down.List(), func(a, b int) int { return g.Place(a) - g.Place(b) }) {
			t.Fatal("a set is not listed in order")
		}
	}
}

func TestTheLongestPathIsAPathAndNoneIsHeavier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		g, err := d.build()
		if err != nil {
			return
		}
		weights := rapid.SliceOfN(rapid.IntRange(0, 9), d.n, d.n).Draw(t, "weights")
		path, got := g.Longest(func(n int) float64 { return float64(weights[n]) })
		sum := 0
		for i, n := range path {
			sum += weights[n]
			if i > 0 && !slices.Contains(g.After(path[i-1]), n) {
				t.Fatalf("%v is no path", path)
			}
		}
		var longest func(n int) int
		longest = func(n int) int {
			best := 0
			for _, m := range g.After(n) {
				best = max(best, longest(m))
			}
			return best + weights[n]
		}
		want := 0
		for n := range d.n {
			want = max(want, longest(n))
		}
		if sum != want || got != float64(want) {
			t.Fatalf("path %v weighs %d (said %v), the heaviest %d", path, sum, got, want)
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{500, 5_000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				var gb graph.Builder[int]
				for i := range n {
					gb.Add(i)
					for d := 1; d <= 3 && i >= d*7; d++ {
						gb.Edge(i-d*7, i)
					}
				}
				g, err := gb.Build()
				if err != nil || g.Downstream(0).Has(1) {
					b.Fatal(err)
				}
			}
		})
	}
}
