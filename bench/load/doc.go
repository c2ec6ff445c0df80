// Package load makes load that costs little itself: prepared bytes over connections that stay open, answers read without
// looking at more of them than their status and body. What it costs is measured against a server that does nothing, and
// printed beside every result.
package load
