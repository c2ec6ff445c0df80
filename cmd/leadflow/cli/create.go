package cli

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// capture is the flags of `lead create`.
type capture struct {
	email, externalID, visitor, consent, file string
	profile, source                           []string
}

func leadCreate(t *tool) *cobra.Command {
	var c capture
	cmd := &cobra.Command{
		Use: "create", Short: "Captures a lead; one that is known is brought up to date", Args: cobra.NoArgs,
		Example: `  leadflow lead create --email ada@example.com --profile first_name=Ada --profile company_size=120 --source channel=fair
  leadflow lead create --file lead.json
  echo '{"email": "ada@example.com"}' | leadflow lead create --file -`,
	}
	f := cmd.Flags()
	f.StringVar(&c.email, "email", "", "address")
	f.StringVar(&c.externalID, "external-id", "", "SOURCE:VALUE, for a lead without an address")
	f.StringArrayVar(&c.profile, "profile", nil, "FIELD=VALUE, again for each; custom.NAME=VALUE for own fields")
	f.StringArrayVar(&c.source, "source", nil, "where it came from: channel=, campaign=, medium=, ...")
	f.StringVar(&c.consent, "consent", "", "to marketing: yes or no")
	f.StringVar(&c.visitor, "visitor", "", "visitor id of the script on the site")
	f.StringVarP(&c.file, "file", "f", "", "take the whole body from a JSON file; - is standard input")
	cmd.MarkFlagsMutuallyExclusive("file", "email")
	cmd.MarkFlagsMutuallyExclusive("file", "external-id")
	cmd.MarkFlagsOneRequired("file", "email", "external-id")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		body, err := c.body(t.In)
		if err != nil {
			return err
		}
		return ask(ctx, t, http.MethodPost, "/v1/leads", body, leadDetails)
	})
	return cmd
}

func (c capture) body(in io.Reader) (any, error) {
	if c.file != "" {
		raw, err := readInput(c.file, in)
		if err != nil {
			return nil, err
		}
		if !json.Valid(raw) {
			return nil, misused(c.file+" holds no JSON", "write an object such as {\"email\": \"ada@example.com\"}")
		}
		return json.RawMessage(raw), nil
	}
	body := fields{}
	body.put("email", c.email)
	body.put("external_id", c.externalID)
	body.put("visitor_id", c.visitor)
	switch c.consent {
	case "":
	case "yes", "no":
		body["consent"] = fields{"purpose": "marketing", "granted": c.consent == "yes"}
	default:
		return nil, misused("--consent is yes or no", "leave it out when nothing is known")
	}
	return body, c.describe(body)
}

func (c capture) describe(body fields) error {
	known, err := keyValues("profile", c.profile, func(key string) bool { return key == "company_size" || key == "annual_revenue" })
	if err != nil {
		return err
	}
	source, err := keyValues("source", c.source, func(string) bool { return false })
	if err != nil {
		return err
	}
	custom := map[string]any{}
	for key, value := range known {
		if name, ok := strings.CutPrefix(key, "custom."); ok {
			custom[name] = value
			delete(known, key)
		}
	}
	if len(custom) > 0 {
		known["custom"] = custom
	}
	if len(known) > 0 {
		body["profile"] = known
	}
	if len(source) > 0 {
		body["source"] = source
	}
	return nil
}

// readInput reads a file; - is standard input.
func readInput(path string, in io.Reader) ([]byte, error) {
	var raw []byte
	var err error
	if path == "-" {
		raw, err = io.ReadAll(in)
	} else {
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, &failure{what: "the file cannot be read", why: err.Error(), next: "check its name and its rights", code: ExitUsage, cause: err}
	}
	return raw, nil
}
