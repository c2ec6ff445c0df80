package record

// Version is what was built; the Makefile sets it.
var Version = "dev"
