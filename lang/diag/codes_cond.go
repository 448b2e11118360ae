package diag

// Codes 1300-1399.

var condCodes = []Info{}
