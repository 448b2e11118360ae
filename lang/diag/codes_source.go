package diag

// Codes 1100-1199: the files of a plan, before anything in them is read as HCL.
const (
	NoSuchPath  Code = "XDC1100"
	NoPlanFiles Code = "XDC1101"
	Unreadable  Code = "XDC1102"
	NotText     Code = "XDC1103"
	TooMuch     Code = "XDC1104"
)

var sourceCodes = []Info{
	{NoSuchPath, "No such file or folder", "A path on the command line, or a module's source, leads nowhere. Paths on the command line are relative to the working directory, those in a plan to the plan's folder. If a name is near, the finding proposes it."},
	{NoPlanFiles, "No plan in this folder", "A plan is the *.xdc.hcl and *.xdc.hcl.json files of a folder; folders in it are not searched. A file with any other name can be given by itself."},
	{Unreadable, "A file cannot be read", "The file exists, but the operating system does not let it be read, or it is not a regular file: a device, a pipe, a socket."},
	{NotText, "Not text in UTF-8", "Plans are text in UTF-8. A byte order mark at the beginning is accepted; other encodings are not."},
	{TooMuch, "Too large", "One plan file has at most 16 MiB and one plan at most 10,000 files. Data belongs in files that the plan names, not in the plan."},
}
