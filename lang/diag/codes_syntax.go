package diag

// Codes 1000-1299.

var syntaxCodes = []Info{}
