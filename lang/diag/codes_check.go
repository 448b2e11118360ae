package diag

// Codes 1400-1599: what a plan means.
const (
	UnknownType        Code = "XDC1400"
	UnknownReference   Code = "XDC1401"
	UnknownAttribute   Code = "XDC1402"
	EvalFailed         Code = "XDC1403"
	WrongType          Code = "XDC1404"
	NotInEnum          Code = "XDC1405"
	OutOfRange         Code = "XDC1406"
	BadForm            Code = "XDC1407"
	WrongReference     Code = "XDC1408"
	MustBeKnown        Code = "XDC1409"
	SensitiveHere      Code = "XDC1410"
	CredentialLiteral  Code = "XDC1411"
	CredentialTwice    Code = "XDC1412"
	MissingVariable    Code = "XDC1413"
	UndeclaredVariable Code = "XDC1414"
	UndeclaredInFile   Code = "XDC1415"
	BadVariableValue   Code = "XDC1416"
	ValidationFailed   Code = "XDC1417"
	BadValidation      Code = "XDC1418"
	BadVariableFile    Code = "XDC1419"
	Cycle              Code = "XDC1420"
	ValueCycle         Code = "XDC1421"
	FaultDone          Code = "XDC1422"
	JudgedLast         Code = "XDC1423"
	BadRepetition      Code = "XDC1430"
	NoInstance         Code = "XDC1431"
	JobTargets         Code = "XDC1432"
	ExactlyOne         Code = "XDC1440"
	Impossible         Code = "XDC1441"
	StageSum           Code = "XDC1442"
	TimeoutTooShort    Code = "XDC1443"
	Incomplete         Code = "XDC1444"
	WrongVersion       Code = "XDC1445"
	FileUnreadable     Code = "XDC1446"
	ModuleSource       Code = "XDC1450"
	ModuleContents     Code = "XDC1451"
	NotCondition       Code = "XDC1461"
	StillUnknown       Code = "XDC1470"
)

var checkCodes = []Info{
	{UnknownType, "Unknown type of step", "Seeds, faults and actions have a type, which a provider brings. `xdc providers` lists the types there are."},
	{UnknownReference, "Reference to nothing", "A reference names something that is not declared. If a name is near, the finding proposes it. A text that is not a reference stands in quotes."},
	{UnknownAttribute, "No such attribute", "What is referred to exists, but has nothing of this name. What a step has depends on its kind; the reference lists it. Live attributes exist in conditions only."},
	{EvalFailed, "The expression has no value", "An operation, a function call or a template cannot be carried out with these values. The finding shows the values of the names involved; secrets are withheld."},
	{WrongType, "Wrong type", "The argument takes values of another type."},
	{NotInEnum, "Not one of the values", "The argument takes one of a few words."},
	{OutOfRange, "Out of range", "The number or duration is smaller or larger than the argument allows."},
	{BadForm, "Not written as it must be", "Durations are strings with a unit (\"250ms\", \"60s\", \"5m\"), shares are percentages or numbers from 0 to 1, sizes have a unit (\"64KiB\"), networks are CIDR prefixes or addresses."},
	{WrongReference, "Reference to the wrong kind of thing", "The argument takes a target, a host, a job, a step or an event, written as a reference without quotes."},
	{MustBeKnown, "Must be known while planning", "The plan must be able to say exactly what will be done, so this value may not depend on what a step finds out during the run."},
	{SensitiveHere, "A secret where none may be", "Sensitive values may be given to credentials and to some arguments of providers, but not where they would be shown or stored: conditions, count, for_each, addresses, arguments of commands, whatever a heal needs."},
	{CredentialLiteral, "A secret in plain text", "A credential takes exactly one variable that is declared sensitive, or a file (NAME_file), or a command that prints it (NAME_command). Never write a password into a plan."},
	{CredentialTwice, "A credential given twice", "Of NAME, NAME_file and NAME_command only one may be given."},
	{MissingVariable, "A variable without a value", "The variable has no default and nobody gave a value. Values come from --var, --var-file, *.auto.xdcvars, XDC_VAR_NAME, or, on a terminal, a question."},
	{UndeclaredVariable, "A value for no variable", "--var names a variable that the plan does not declare. That is an error, because what was meant would silently not happen."},
	{UndeclaredInFile, "A value for no variable, in a file", "A file of variables sets one that the plan does not declare. Such files may be shared between plans, so this is a warning."},
	{BadVariableValue, "The value does not fit the variable", "A value must be of the variable's type. On the command line and in the environment, values of strings are taken as they are, and all others are written as in a plan: --var 'sizes=[1, 2]'."},
	{ValidationFailed, "The value is not accepted", "The variable has a rule, in a validation block, that the value does not meet. The finding shows the rule's own message."},
	{BadValidation, "A rule that is neither true nor false", "The condition of a validation block is an expression that is true for good values and false for others."},
	{BadVariableFile, "A file of variables cannot be read", "Files of variables hold NAME = VALUE lines in HCL, or one JSON object. Values are literals."},
	{Cycle, "Steps wait for each other", "Every reference to a step makes the one wait for the other, and so do conditions, with final attributes. A loop of them could never start. The finding lists the whole loop with the place of each reference; remove one."},
	{ValueCycle, "A value that needs itself", "A local, variable, output or target depends on its own value. Break the circle."},
	{FaultDone, "A fault is never just done", "A fault is injected, holds, and is healed. Say which of the two moments is meant, with .injected or .healed."},
	{JudgedLast, "A step waits for a verdict that comes last", "An expectation without edges, or with edges to jobs only, is judged when the run ends. A step that waits for it could never start."},
	{BadRepetition, "Not a number or set of instances", "count takes a whole number; for_each takes a map, an object, a set of strings, or a list of targets or hosts."},
	{NoInstance, "Which instance", "A step with count, for_each or targets has several instances, which are told apart by an index. Name one that exists."},
	{JobTargets, "A job with targets and a repetition", "A job with `targets` has one instance for each target, so it takes neither count nor for_each."},
	{ExactlyOne, "Exactly one of several", "Of some arguments exactly one must be given, because each says a different thing about the same matter."},
	{Impossible, "Arguments that exclude each other", "The argument has no meaning beside another one, or beside the value another one has."},
	{StageSum, "Stages and duration disagree", "Stages follow each other without a pause, so they last as long as their sum. Leave duration out, or make it the sum."},
	{TimeoutTooShort, "The timeout does not cover hold", "A wait succeeds when its condition has held for `hold`; with a shorter timeout it never can."},
	{Incomplete, "Something is missing", "The arguments given do not yet say what is to be done. The finding says what to add."},
	{WrongVersion, "Not for this version", "plan.required_version excludes this version of xdc."},
	{FileUnreadable, "A file cannot be read", "A bundle or data file that the plan names cannot be read. Names are relative to the plan's folder."},
	{ModuleSource, "No such module", "A module's source is a folder, beginning with ./ or ../, or xdc:NAME for a plan that comes with xdc. Modules may not call themselves."},
	{ModuleContents, "Not for modules", "A module has no plan block, and one that is given targets declares none."},
	{NotCondition, "Cannot stand in a condition", "A value spliced into a condition with ${} must be a string, a number, a bool, a target, a host, a job or a step."},
	{StillUnknown, "A value never came to be", "The step needs the result of another step that was skipped, failed, or left the result empty, so it cannot be carried out."},
}
