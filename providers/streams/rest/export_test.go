package rest

// MessagesForTest is messages.
var MessagesForTest = messages
