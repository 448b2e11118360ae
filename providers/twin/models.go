package twin

import "time"

// model is what one of the applications does to records.
type model struct {
	stay time.Duration // in state, before the result comes out
	ends []endpoint    // of its own; nil: those that the plan names
	// Every so many records it does what it does; 0: never.
	losesEvery, repeatsEvery, changesEvery, inventsEvery int64
	// swaps says that of what comes out together the first and the last change places.
	swaps bool
	// What it does wrong with the records that it takes over: they come out twice, or in the opposite order.
	repeatsTaken, reversesTaken bool
	// takesUp says that it goes back to its state of before the other side was lost when that is there again.
	takesUp    bool
	calculates bool
}

// quick is how long most applications keep a record.
const quick = 20 * time.Millisecond

// models are the applications by name; lang/schema lists the names, with a sentence about each.
var models = map[string]model{
	"keyed_counter":           {stay: quick},
	"pass_through":            {stay: time.Millisecond},
	"calculator":              {stay: time.Millisecond, ends: calculatorEnds, calculates: true},
	"slow":                    {stay: 10 * time.Second},
	"lossy":                   {stay: quick, losesEvery: 100},
	"duplicating":             {stay: quick, repeatsEvery: 50},
	"reordering":              {stay: quick, swaps: true},
	"corrupting":              {stay: quick, changesEvery: 100},
	"inventing":               {stay: quick, inventsEvery: 100},
	"duplicating_on_takeover": {stay: 10 * time.Second, repeatsTaken: true},
	"reordering_on_takeover":  {stay: 10 * time.Second, reversesTaken: true},
	"resurrecting":            {stay: 10 * time.Second, takesUp: true},
}

// modelOf is an application by name; one that a launched job does not name counts keys.
func modelOf(name string) model {
	if m, ok := models[name]; ok {
		return m
	}
	return models["keyed_counter"]
}
