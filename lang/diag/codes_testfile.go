package diag

// Codes of tests of conditions (`xdc test`), 1700-1799.
const (
	TestSyntax   Code = "XDC1701"
	TestName     Code = "XDC1702"
	TestValue    Code = "XDC1703"
	TestTooLarge Code = "XDC1704"
	TestFailed   Code = "XDC1705"
)

var testLanguageCodes = []Info{
	{TestSyntax, "Line of a test not understood", "A line of a test file begins with signal, event, at, every, begin, end, test, condition, verdict, true, false, unknown, why or mistake. docs/condition-tests.md describes each."},
	{TestName, "Name not declared in a test", "Signals and events are declared before the first test, each once, with a type: a test needs no plan, and so knows no other names."},
	{TestValue, "Wrong value in a test", "The value of a sample has to be of the type that its signal was declared with, bounds must enclose it, and instants must be in order."},
	{TestTooLarge, "Test file too large", "Files, lines, tests and samples of tests are bounded, so that a mistake in one cannot use up a machine. Split the file, or make `every` coarser."},
	{TestFailed, "Condition is not what the test expects", "The condition was judged over the samples of the test and came out otherwise than the test says. Either the condition or the expectation is wrong; the reason stands beside it."},
}
