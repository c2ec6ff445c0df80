package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/document"
)

// schemaCommand writes the JSON Schema of a kind of document: it needs no server.
func schemaCommand(t *tool, kind document.Kind) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Writes the JSON Schema of the document, for editors", Args: cobra.NoArgs,
		Example: fmt.Sprintf("  leadflow %s schema > %s.schema.json", kind, kind),
		RunE: t.do(func(context.Context, []string) error {
			_, err := t.Out.Write(document.Schema(kind))
			return err
		}),
	}
}
