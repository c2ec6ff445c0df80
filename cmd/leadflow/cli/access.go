package cli

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func keys(t *tool) *cobra.Command {
	return group("key", "API keys", "", listCommand(t, list[record.Key]{
		short: "Lists keys, revoked ones too", path: "/v1/keys", columns: keyColumns, example: `  leadflow key list`,
	}), keyCreate(t), &cobra.Command{
		Use: "revoke ID", Short: "Revokes a key at once", Args: takes("the key's id"), Example: `  leadflow key revoke 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			if _, err := t.call(ctx, http.MethodDelete, "/v1/keys/"+url.PathEscape(args[0]), nil); err != nil {
				return err
			}
			t.tell("Revoked.")
			return nil
		}),
	})
}

// newKey is a key with its secret.
type newKey struct {
	record.Key
	Secret string `json:"secret"`
}

func keyCreate(t *tool) *cobra.Command {
	var first bool
	var name, role string
	var origins []string
	cmd := &cobra.Command{
		Use: "create", Short: "Makes a key; its secret is shown this once", Args: cobra.NoArgs,
		Long: "Makes a key; its secret is shown this once, as the only thing on standard output (-o json for the rest).\n" +
			"With --first it makes an admin's key in the database of DATABASE_URL, where none works; else it asks the API.",
		Example: `  leadflow key create --first
  leadflow key create --name crm --role sales
  leadflow key create --name website --role site --origin https://www.example.com`,
	}
	cmd.Flags().BoolVar(&first, "first", false, "the first key of a new database, for an admin")
	cmd.Flags().StringVar(&name, "name", "", "what or whom it is for (default, of the first: admin)")
	cmd.Flags().StringVar(&role, "role", "", "marketing, sales, ops, admin, or site (publishable: forms and visitor events only)")
	cmd.Flags().StringSliceVar(&origins, "origin", nil, "of a site key: where its pages are, such as https://www.example.com, again for each; * for all (default: no page)")
	cmd.MarkFlagsMutuallyExclusive("first", "role")
	cmd.MarkFlagsMutuallyExclusive("first", "origin")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		if first {
			return t.firstKey(ctx, name)
		}
		if name == "" || role == "" {
			return misused("a key needs --name and --role", "the first key of a new database needs neither: leadflow key create --first")
		}
		body := fields{"name": name, "role": role}
		if len(origins) > 0 {
			body["origins"] = origins
		}
		got, err := t.call(ctx, http.MethodPost, "/v1/keys", body)
		if err != nil {
			return err
		}
		return t.showSecret(got.body)
	})
	return cmd
}

func (t *tool) firstKey(ctx context.Context, name string) error {
	cfg, err := t.config()
	if err != nil {
		return err
	}
	if name == "" {
		name = "admin"
	}
	secret, err := t.engine.createFirstKey(ctx, cfg, name)
	if errors.Is(err, app.ErrHasKeys) {
		return &failure{what: "no key was made", why: "this database has an admin's key that works", code: ExitFailure, next: "make more with an admin's key: leadflow key create --name NAME --role ROLE"}
	}
	if err != nil {
		return failed("no key was made", err, "leadflow doctor says what is wrong; a new database needs leadflow migrate first")
	}
	return t.showSecret(asJSON(fields{"name": name, "role": "admin", "secret": secret}))
}

// showSecret writes the secret alone: it is what scripts want.
func (t *tool) showSecret(body []byte) error {
	k, err := decode[newKey](body)
	if err != nil {
		return err
	}
	keep := "keep it, as LEADFLOW_API_KEY"
	if k.Role == api.RoleSite {
		keep = "it stands in pages, as data-key of the script (docs/website.md)"
	}
	t.tell("This is the key of %s (%s). It is shown this once: %s.", k.Name, k.Role, keep)
	switch t.format {
	case formatJSON:
		return t.writeJSON(body)
	case formatCSV:
		return t.writeCSV([][]string{{"name", "role", "secret"}, {k.Name, k.Role, k.Secret}})
	}
	return t.write([]byte(k.Secret + "\n"))
}
