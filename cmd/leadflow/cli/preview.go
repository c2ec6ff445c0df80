package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// previewed is what the API answers to a preview.
type previewed struct {
	Mails      []record.MailPreview `json:"mails"`
	Deliveries []string             `json:"deliveries"`
}

var previewColumns = []column[record.MailPreview]{
	{"step", func(m record.MailPreview) any { return m.Step }},
	{"subject", func(m record.MailPreview) any { return m.Subject }},
	{"preheader", func(m record.MailPreview) any { return m.Preheader }},
	{"bytes", func(m record.MailPreview) any { return m.Size }},
	{"findings", func(m record.MailPreview) any {
		var codes []string
		for _, f := range m.Findings {
			codes = append(codes, f.Code)
		}
		return codes
	}},
}

// previewFlags say what is shown of a preview; at most one of them.
type previewFlags struct {
	html            string
	text, raw, open bool
}

func (f previewFlags) check() error {
	given := 0
	for _, one := range []bool{f.html != "", f.text, f.raw, f.open} {
		if one {
			given++
		}
	}
	if given > 1 {
		return misused("--html, --text, --raw and --open exclude each other", "take one of them")
	}
	return nil
}

func sequencePreview(t *tool) *cobra.Command {
	var lead, step string
	var f previewFlags
	cmd := &cobra.Command{
		Use: "preview NAME VERSION", Short: "Shows the mails of a version, also of a draft, as a lead would get them; nothing is sent", Args: takes("the name", "the version"),
		Example: "  leadflow sequence preview welcome 3 --lead 0193...\n  leadflow sequence preview welcome 3 --lead 0193... --step hello --open\n  leadflow sequence preview welcome 3 --lead 0193... --step hello --html hello.html",
	}
	cmd.Flags().StringVar(&lead, "lead", "", "id of the lead to preview as")
	cmd.Flags().StringVar(&step, "step", "", "only the mail of this step")
	cmd.Flags().StringVar(&f.html, "html", "", "write the HTML part to this file; - is standard output")
	cmd.Flags().BoolVar(&f.text, "text", false, "show the text part")
	cmd.Flags().BoolVar(&f.raw, "raw", false, "show the mail as it would be sent")
	cmd.Flags().BoolVar(&f.open, "open", false, "open the HTML part in a browser")
	_ = cmd.MarkFlagRequired("lead")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		if err := f.check(); err != nil {
			return err
		}
		body := fields{"lead_id": lead}
		body.put("step", step)
		if f.raw {
			body["raw"] = true
		}
		got, err := t.call(ctx, http.MethodPost, versionPath(args, "preview"), body)
		if err != nil {
			return err
		}
		p, err := decode[previewed](got.body)
		if err != nil {
			return err
		}
		return t.showPreview(got.body, p.Mails, f)
	})
	return cmd
}

func (t *tool) showPreview(body []byte, mails []record.MailPreview, f previewFlags) error {
	var err error
	switch {
	case f.text:
		err = t.each(mails, func(m record.MailPreview) string { return m.Text })
	case f.raw:
		err = t.each(mails, func(m record.MailPreview) string { return m.Raw })
	case f.html != "", f.open:
		err = t.page(mails, f)
	default:
		err = showAll(t, body, mails, previewColumns)
	}
	if t.format == formatTable {
		for _, m := range mails {
			for _, finding := range m.Findings {
				t.tell("%s: %s: %s", m.Step, finding.Code, finding.Detail)
			}
		}
	}
	return err
}

// each writes one part of every mail.
func (t *tool) each(mails []record.MailPreview, part func(record.MailPreview) string) error {
	for i, m := range mails {
		if len(mails) > 1 {
			t.tell("%s (%d of %d):", m.Step, i+1, len(mails))
		}
		if _, err := fmt.Fprint(t.Out, strings.TrimSuffix(part(m), "\n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// page writes the HTML part of one mail, or opens it.
func (t *tool) page(mails []record.MailPreview, f previewFlags) error {
	if len(mails) != 1 {
		return misused(fmt.Sprintf("there are %d mails, and one can be shown", len(mails)), "name its step with --step")
	}
	if mails[0].HTML == "" {
		return &failure{what: "there is nothing to show", why: "the mail cannot be composed for this lead", code: ExitFailure}
	}
	switch {
	case f.html == "-":
		_, err := fmt.Fprint(t.Out, mails[0].HTML)
		return err
	case f.html != "":
		return os.WriteFile(f.html, []byte(mails[0].HTML), 0o600)
	}
	dir, err := os.MkdirTemp("", "leadflow-preview-") // the browser reads it after we are gone
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "mail.html")
	if err := os.WriteFile(path, []byte(mails[0].HTML), 0o600); err != nil {
		return err
	}
	t.tell("%s", path)
	return browse(path)
}

// browse opens a file with what the machine opens pages with; BROWSER wins.
func browse(path string) error {
	name, args := "xdg-open", []string{path}
	switch own := os.Getenv("BROWSER"); {
	case own != "":
		name = own
	case runtime.GOOS == "darwin":
		name = "open"
	case runtime.GOOS == "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", path}
	}
	if err := exec.Command(name, args...).Start(); err != nil { //nolint:gosec // the user's own browser
		return fmt.Errorf("no browser can be started: %w; open the file yourself", err)
	}
	return nil
}

func sequenceTestSend(t *tool) *cobra.Command {
	var lead, step, to string
	cmd := &cobra.Command{
		Use: "test-send NAME VERSION", Short: "Sends the mails of a version to a colleague, marked [Test], with no effect on the lead", Args: takes("the name", "the version"),
		Example: `  leadflow sequence test-send welcome 3 --lead 0193... --step hello --to zoe@example.com`,
	}
	cmd.Flags().StringVar(&lead, "lead", "", "id of the lead to send as")
	cmd.Flags().StringVar(&step, "step", "", "only the mail of this step")
	cmd.Flags().StringVar(&to, "to", "", "address that gets them")
	_ = cmd.MarkFlagRequired("lead")
	_ = cmd.MarkFlagRequired("to")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{"lead_id": lead, "send_to": to}
		body.put("step", step)
		got, err := t.call(ctx, http.MethodPost, versionPath(args, "preview"), body)
		if err != nil {
			return err
		}
		p, err := decode[previewed](got.body)
		if err != nil {
			return err
		}
		if t.format == formatTable {
			t.tell("%d queued; leadflow mail list shows what becomes of them.", len(p.Deliveries))
		}
		shown, err := json.Marshal(map[string]any{"deliveries": p.Deliveries})
		if err != nil {
			return err
		}
		return showAll(t, shown, p.Deliveries, []column[string]{{"delivery", func(id string) any { return id }}})
	})
	return cmd
}

func sequenceCoverage(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "coverage NAME VERSION", Short: "Says how many leads lack what the mails show without a default", Args: takes("the name", "the version"),
		Example: `  leadflow sequence coverage welcome 3`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			got, err := t.call(ctx, http.MethodGet, versionPath(args, "coverage"), nil)
			if err != nil {
				return err
			}
			c, err := decode[record.Coverage](got.body)
			if err != nil {
				return err
			}
			if t.format == formatTable {
				t.tell("%d leads could enter.", c.Leads)
				for _, v := range c.Variables {
					if v.Missing > 0 {
						t.tell(`%.3g %% have no %s: write {{ %s | default: "..." }} in %s.`, v.Percent, v.Name, v.Name, strings.Join(v.Steps, ", "))
					}
				}
			}
			return showAll(t, got.body, c.Variables, []column[record.VariableCoverage]{
				{"variable", func(v record.VariableCoverage) any { return v.Name }},
				{"missing", func(v record.VariableCoverage) any { return v.Missing }},
				{"percent", func(v record.VariableCoverage) any { return v.Percent }},
				{"steps", func(v record.VariableCoverage) any { return v.Steps }},
			})
		}),
	}
}
