package mail

import (
	"fmt"
	"html/template"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/mail/liquid"
)

// Alert is a mail to one of the house: a lead offered, a clock that runs out. It has no unsubscribe link. Its texts are
// values, not templates: whatever they hold stays literal.
type Alert struct {
	From    netmail.Address
	To      netmail.Address
	ReplyTo netmail.Address // none when zero

	Subject string
	Lines   []string    // one paragraph each
	Points  []string    // shown as a list below them
	After   []string    // paragraphs below the list
	Links   []AlertLink // shown below the lines, one a line

	Brand      Brand
	MessageID  string
	ReturnPath string
	Date       time.Time
	Headers    map[string]string
}

// AlertLink is a named address, http or https.
type AlertLink struct{ Label, URL string }

var alertBody = template.Must(template.New("alert").Parse(
	`{{range .Lines}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}{{with .Points}}<ul style="margin:0 0 16px;padding:0 0 0 24px">{{range .}}<li style="margin:0 0 6px">{{.}}</li>
{{end}}</ul>
{{end}}{{range .After}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}{{range .Links}}<p style="margin:0 0 16px"><a href="{{.URL}}" class="lf-link" style="color:{{$.Theme.Link}};text-decoration:underline">{{.Label}}</a></p>
{{end}}`))

// shownAlert is what alertBody shows.
type shownAlert struct {
	Lines, Points, After []string
	Links                []AlertLink
	Theme                theme
}

// ComposeAlert renders an alert with the same frame and the same guarantees as Compose.
func (c *Composer) ComposeAlert(a Alert) (Rendered, error) {
	if err := checkHeaders(a.Headers); err != nil {
		return Rendered{}, err
	}
	var plain []string
	shown := shownAlert{Theme: a.Brand.theme()}
	shown.Lines = written(a.Lines)
	shown.Points = written(a.Points)
	shown.After = written(a.After)
	plain = append(plain, shown.Lines...)
	if len(shown.Points) > 0 {
		plain = append(plain, "- "+strings.Join(shown.Points, "\n- "))
	}
	plain = append(plain, shown.After...)
	for _, link := range a.Links {
		if _, err := checkLink(link.URL); err != nil {
			return Rendered{}, fmt.Errorf("a link of the alert %w", err)
		}
		label := strings.TrimSpace(liquid.Line(link.Label))
		plain = append(plain, label+": "+link.URL)
		shown.Links = append(shown.Links, AlertLink{label, link.URL})
	}
	var body strings.Builder
	if err := alertBody.Execute(&body, shown); err != nil {
		return Rendered{}, fmt.Errorf("alert: %w", err)
	}
	subject := strings.TrimSpace(liquid.Line(a.Subject))
	headers := map[string]string{"Auto-Submitted": "auto-generated"}
	for name, value := range a.Headers {
		headers[name] = value
	}
	l := letter{a.From, a.To, a.ReplyTo, subject, a.MessageID, a.ReturnPath, a.Date, headers}
	if err := l.check(); err != nil {
		return Rendered{}, err
	}
	framed, err := c.framed(page{Language: "en", Subject: subject, Body: template.HTML(body.String()), Brand: a.Brand, Theme: shown.Theme}) //nolint:gosec // escaped by alertBody
	if err != nil {
		return Rendered{}, err
	}
	none := &slots{prefix: "\x00"} // an alert has no slots, whatever it says
	text := strings.Join(plain, "\n\n") + "\n"
	r := l.render(faces{newStencil(text, none), newStencil(framed, none), none})
	r.Text, r.HTML = text, framed
	return r, nil
}

// written are the texts that say something, each on one line.
func written(texts []string) (out []string) {
	for _, t := range texts {
		if t = strings.TrimSpace(liquid.Line(t)); t != "" {
			out = append(out, t)
		}
	}
	return out
}
