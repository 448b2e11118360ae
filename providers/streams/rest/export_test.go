package rest

// MessagesForTest is messages.
var MessagesForTest = messages

// FilesWithin is Files with a bound that is sooner reached.
var FilesWithin = files
