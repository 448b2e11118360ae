package diag

// Codes 3000-4999: what only a look at the platform or the run itself finds. They stand at the end of a line.
const (
	RecordMisfit Code = "XDC3000"
)

var runCodes = []Info{
	{RecordMisfit, "A record does not fit its endpoint", "The service describes what records the endpoint takes (OpenAPI, AsyncAPI), and this record has a value of another type, lacks an attribute that is required, or has one that does not exist. It was not sent. Correct `record` or the file, or write `check_record = false` in the seed where the description is wrong."},
}
