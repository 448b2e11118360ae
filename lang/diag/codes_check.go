package diag

// Codes 1400-1999.

var checkCodes = []Info{}
