package intake

import _ "embed" // of the schema

// MappingSchema describes a mapping as JSON Schema, for editors.
//
//go:embed mapping.schema.json
var MappingSchema []byte
