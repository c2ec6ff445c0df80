package api

import (
	"context"
	"encoding/json"
	"mime"
	"strings"
)

// written is a document as it came, with what was said beside it.
type written struct {
	Source   string          `json:"source,omitempty" doc:"the document, YAML or JSON, as text"`
	Document json.RawMessage `json:"document,omitempty" doc:"instead of source: the document as JSON"`
	Note     string          `json:"note,omitempty" doc:"of a model: what is new"`
	Default  bool            `json:"default,omitempty" doc:"of a sequence: leads enter it"`
	Active   bool            `json:"active,omitempty" doc:"of a policy: leads live by it"`
}

// yamlMedia is what documents come as beside JSON.
var yamlMedia = []string{"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"}

// decodeDocument reads a document in any of the ways people have one: as it is (Content-Type application/yaml), as text in
// source, as JSON in document, or as JSON by itself.
func decodeDocument(ctx context.Context, w *written) error {
	b := bodyOf(ctx)
	raw, err := b.bytes()
	if err != nil {
		return err
	}
	media, _, _ := mime.ParseMediaType(b.media)
	if strings.Contains(media, "yaml") || media == "text/plain" {
		w.Source = string(raw)
		return nil
	}
	given, err := object(raw)
	if err != nil {
		return err
	}
	wrapped := false
	for _, name := range []string{"source", "document", "active", "note"} {
		_, has := given[name]
		wrapped = wrapped || has
	}
	if !wrapped && len(given) > 0 {
		w.Source = string(raw)
		return nil
	}
	before := w.Source
	if err := decode(ctx, w); err != nil {
		return err
	}
	if len(w.Document) > 0 {
		if given["source"] != nil {
			return invalid(FieldError{Field: "document", Code: "invalid", Detail: "give either source or document"})
		}
		w.Source = string(w.Document)
	}
	if strings.TrimSpace(w.Source) == "" && before == "" {
		return invalid(FieldError{Field: "source", Code: "required", Detail: "is missing: the document, in YAML or JSON"})
	}
	return nil
}
