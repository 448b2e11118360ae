package schema

import "strings"

// application is one that the twin runs in place of the real one.
type application struct{ name, text string }

var applications = []application{
	{"keyed_counter", "gives each record out after 20 ms, with the data centre and the count of its `key` or `customer`"},
	{"pass_through", "the same after 1 ms"},
	{"calculator", "the platform's sample: takes `x` and `y` at `IncomingRequest_Operands` and an `op` at `IncomingRequest_OperationStream`, gives out `CalculationResult_Results`"},
	{"slow", "keeps each record for ten seconds"},
	{"lossy", "loses every 100th record"},
	{"duplicating", "gives every 50th record out twice"},
	{"reordering", "has the first and the last of what comes out together change places"},
	{"corrupting", "changes a value of every 100th record"},
	{"inventing", "gives out a record of its own making with every 100th"},
	{"duplicating_on_takeover", "as `slow`, and what it takes over comes out twice"},
	{"reordering_on_takeover", "as `slow`, and what it takes over comes out in the opposite order"},
	{"resurrecting", "as `slow`, and when the other side is there again it takes up the state that it had when it lost it"},
}

// Applications are the names of the model applications.
func Applications() []string {
	var out []string
	for _, a := range applications {
		out = append(out, a.name)
	}
	return out
}

func applicationsText() string {
	var out strings.Builder
	for _, a := range applications {
		out.WriteString(" `" + a.name + "` " + a.text + ".")
	}
	return out.String()
}
