package diag

// Codes 5000-5999.

var providerCodes = []Info{}
