// Package example runs the commands of docs/example.md against a real house, and holds what the document shows of their output.
package example
