package diag

// Codes 1600-1699: scenarios of the older framework, which `xdc import` turns into plans.
const (
	ImportNotYAML     Code = "XDC1600"
	ImportShape       Code = "XDC1601"
	ImportMissing     Code = "XDC1602"
	ImportUnknownKey  Code = "XDC1603"
	ImportUnsupported Code = "XDC1604"
	ImportLeftOut     Code = "XDC1605"
	ImportSecret      Code = "XDC1606"
	ImportDecide      Code = "XDC1607"
	ImportTrigger     Code = "XDC1608"
)

var importCodes = []Info{
	{ImportNotYAML, "Not YAML that can be imported", "The file is not YAML, is not one document, has a key twice in one mapping, or is larger or deeper than a scenario can reasonably be. Nothing is imported."},
	{ImportShape, "Not the kind of value that belongs here", "A key of the scenario or the config has a value of another kind than the framework takes: a text where a number belongs, a list where keys belong. The value is left out, and the plan says so in a comment."},
	{ImportMissing, "Something is missing", "The scenario or the config does not say something that a plan needs. Where the plan can be written all the same, a comment in it says what to fill in."},
	{ImportUnknownKey, "A key that is not known", "The key is none of those that the framework reads. It may be misspelt, or for a program of your own. It is left out, and a comment in the plan says so."},
	{ImportUnsupported, "A value that no plan can hold", "The key is known, but what it asks for cannot be done, or cannot be said in a plan. The finding says why and what comes nearest."},
	{ImportLeftOut, "Not needed in a plan", "The key is known and nothing has to be done about it: xdc does the same always, does it elsewhere, or has no need for it. The finding says which."},
	{ImportSecret, "A secret in plain text", "The file holds a secret. It is never copied: the plan has a sensitive variable instead. Take the secret out of the file, and change it wherever the file has been."},
	{ImportDecide, "A person has to decide", "The files do not settle it, or the platform works differently from what the framework assumed. The plan holds what is most likely meant, marked TODO(you), and has to be read before it is applied."},
	{ImportTrigger, "There is no such trigger", "The platform fails over by itself, when one side has not heard from the other for long enough. There is nothing that could be called to trigger it. Write a fault that causes it: a network partition, a stopped job, a stopped instance."},
}
