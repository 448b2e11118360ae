package diag

// Codes 1000-1299: what the text of a plan says before anything is evaluated.
const (
	BadSyntax          Code = "XDC1000"
	UnknownBlock       Code = "XDC1001"
	BadLabels          Code = "XDC1002"
	DuplicateName      Code = "XDC1003"
	BadName            Code = "XDC1004"
	SecondPlan         Code = "XDC1005"
	UnknownArgument    Code = "XDC1200"
	MissingArgument    Code = "XDC1201"
	WrongBlockCount    Code = "XDC1202"
	BadDynamic         Code = "XDC1203"
	BadTypeConstraint  Code = "XDC1204"
	NotLiteral         Code = "XDC1205"
	DuplicateArgument  Code = "XDC1206"
	BadJSONStructure   Code = "XDC1207"
	BadDefault         Code = "XDC1208"
	BadDependsOn       Code = "XDC1209"
	CountAndForEach    Code = "XDC1210"
	SerialWithoutCount Code = "XDC1211"
)

var syntaxCodes = []Info{
	{BadSyntax, "Not valid HCL", "The file cannot be read as HCL native syntax, or as JSON if its name ends with .json. The finding points at the first place that does not fit; a missing brace or quote is often a little before it."},
	{UnknownBlock, "Unknown block", "A block of a type that does not exist, or that may not stand where it stands. The language reference lists the blocks and what may stand inside them."},
	{BadLabels, "Wrong labels", "A block has too few or too many labels. Seeds, faults and actions have a type and a name; most other blocks have a name only; locals have none."},
	{DuplicateName, "Name used twice", "Two blocks of the same type have the same name. Names must be unique in a folder, over all its files, because references and reports use them."},
	{BadName, "Not a usable name", "Names begin with a letter and go on with letters, digits, underscores and dashes. Targets must not be called like a block type, `run` or `module`, because conditions begin with the name of a target."},
	{SecondPlan, "More than one plan block", "A folder, or several paths given together, form one plan. Remove one of the plan blocks, or give only the paths that belong together."},
	{UnknownArgument, "Unknown argument", "The block has no argument of this name. If the name is nearly right, the finding says what may have been meant; `xdc providers schema` lists all."},
	{MissingArgument, "Missing argument", "An argument that the block needs is not there."},
	{WrongBlockCount, "Wrong number of blocks", "A nested block stands there more often, or less often, than it may."},
	{BadDynamic, "Bad dynamic block", "A dynamic block has `for_each`, optionally `iterator` and `labels`, and exactly one `content` block. Its `for_each` must be known while planning."},
	{BadTypeConstraint, "Not a type", "The type of a variable is written as `string`, `number`, `bool`, `any`, `list(T)`, `set(T)`, `map(T)`, `tuple([...])`, `object({...})`, `target`, `host` or `job`."},
	{NotLiteral, "Not a literal", "This argument is needed before anything is evaluated, so it must be a plain literal value without references."},
	{DuplicateArgument, "Argument given twice", "The same argument stands twice in one block. Remove one of the two."},
	{BadJSONStructure, "JSON of the wrong shape", "A plan in JSON has objects where blocks stand, arrays where there are several, and a property for each label. The language reference shows both syntaxes side by side."},
	{BadDefault, "Default does not fit", "The default of a variable must be of the variable's type, and null only if the variable is nullable."},
	{BadDependsOn, "Not a dependency", "depends_on is a list of references to steps and modules, such as [wait.paired, fault.network_partition.cut.healed]. They are written as they are, without quotes, functions or conditions."},
	{CountAndForEach, "Both count and for_each", "A block has either a number of instances or one instance for each element. Keep one of the two arguments."},
	{SerialWithoutCount, "Nothing to be serial", "`serial` says how the instances of a block follow each other. It needs `count`, `for_each` or, in a job, `targets`."},
}
