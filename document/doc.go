// Package document reads what operators write: scoring models, nurture sequences and policies, in YAML or JSON.
//
// Reading is strict. Unknown and repeated keys, values of the wrong type, and everything the rulebook's own Validate
// finds are errors with line, column and an excerpt, all of them at once and not only the first. Anchors, aliases, merge
// keys and tags are not taken: a document says what it says where it says it, and cannot grow while it is read.
//
// The types are those of the domain; their json tags are the keys. Schema describes the same types as JSON Schema, for
// editors. The documents Leadflow starts with are embedded here and read by the same functions.
//
// The package must not know what a document is for, touch a database or load a time zone.
package document
