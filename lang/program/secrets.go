package program

import (
	"maps"
	"slices"
	"time"

	"github.com/xdc-project/xdc/lang/value"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Seconds prints a duration as plans write it.
func Seconds(d time.Duration) string { return value.Duration(d).String() }
