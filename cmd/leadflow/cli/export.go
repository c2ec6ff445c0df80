package cli

import (
	"context"
	"io"
	"net/http"

	"github.com/spf13/cobra"
)

func export(t *tool) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "export ID", Short: "Writes everything that is kept of a person, as JSON", Args: takes("the lead's id"),
		Long: "Writes everything that is kept of a person, as JSON: profile and where it came from, consents with their evidence, events, mails,\n" +
			"offers with the explanation of their moment, decisions, notes, timeline, the score explained. Of others it holds ids only.",
		Example: `  leadflow export 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --to ada.json`,
	}
	cmd.Flags().StringVar(&file, "to", "", "file to write (default: standard output)")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		from := leadPath(args[0], "export")
		if file != "" {
			return t.saveFile(ctx, from, file, "the export cannot be written", "name another place with --to")
		}
		c, err := t.client()
		if err != nil {
			return err
		}
		c.http.Timeout = 0 // as long as it takes
		resp, err := c.send(ctx, http.MethodGet, from, "", nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(t.Out, resp.Body)
		return err
	})
	return cmd
}
