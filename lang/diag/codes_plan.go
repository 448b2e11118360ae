package diag

// Codes 2000-2999.

var planCodes = []Info{}
