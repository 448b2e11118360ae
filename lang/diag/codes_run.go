package diag

// Codes 3000-4999.

var runCodes = []Info{}
