package diag

// Codes of the condition language, 1300-1399.
const (
	CondSyntax         Code = "XDC1301"
	CondUnknownName    Code = "XDC1302"
	CondTypes          Code = "XDC1303"
	CondEnumWord       Code = "XDC1304"
	CondLoneWord       Code = "XDC1305"
	CondNotTruth       Code = "XDC1306"
	CondNotEvent       Code = "XDC1307"
	CondWindow         Code = "XDC1308"
	CondTemporalHere   Code = "XDC1309"
	CondTemporalNested Code = "XDC1310"
	CondPattern        Code = "XDC1311"
	CondDuration       Code = "XDC1312"
	CondConstant       Code = "XDC1313"
	CondVacuous        Code = "XDC1314"
)

var condCodes = []Info{
	{CondSyntax, "Condition not understood", "The text is not a condition. Conditions are built from comparisons joined by and, or and not; docs/conditions.md has the grammar and thirty examples."},
	{CondUnknownName, "Unknown name in a condition", "A name in the condition is neither a step's attribute, nor a signal of a target, nor an event. What may be used stands in the reference of names; a signal that nothing can ever provide is refused while planning, because a condition on it could never be decided."},
	{CondTypes, "Values of different kinds", "Like is compared and combined with like. A bare number against a duration or a ratio is refused, because the unit matters: write 60s or 1%."},
	{CondEnumWord, "Unknown word", "A signal with a fixed set of words was compared with one that it never has. For a word that a newer server may send, quote it."},
	{CondLoneWord, "Word without a meaning", "A word without a dot is a value of an enumeration and may only stand opposite a signal that has it. Text is quoted; names have a dot."},
	{CondNotTruth, "Not true or false", "A number, a duration or a text stands where something true or false is needed. Compare it with something."},
	{CondNotEvent, "Not an event", "The bounds of a range and the argument of time() are events: instants such as fault.T.N.injected, fault.T.N.healed, STEP.started, STEP.done, run.started."},
	{CondWindow, "Misplaced window", "Windows look at the samples of one signal over a time. They take a signal and, at most, a duration or two events."},
	{CondTemporalHere, "Temporal operator not allowed here", "always, never, eventually and whenever judge a stretch of time. Only the `that` of an expect does so; when, until and guards are about one instant. `for` works everywhere."},
	{CondTemporalNested, "Nested temporal operators", "Temporal operators may not stand inside one another, inside a comparison or before `for`. Each reaches as far right as it can: use parentheses."},
	{CondPattern, "Bad pattern", "The pattern behind `matches` is not a regular expression in RE2 syntax."},
	{CondDuration, "Duration out of range", "Durations in conditions are greater than nothing and written like 250ms, 10s or 1m30s."},
	{CondConstant, "Condition that is always the same", "Whatever is observed, the condition, or a part of it, is true, or false, if it is known at all: a limit that cannot be passed, an operand compared with itself, comparisons that together allow everything or exclude one another. It tests nothing. This is a warning."},
	{CondVacuous, "Stretch of time with nothing in it", "A range or a window ends before it begins, is too short for what is asked in it, or is longer than the run may last. The verdict would be unknown, or not about what was meant. This is a warning."},
}
