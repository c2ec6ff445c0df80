package mail

import (
	_ "embed"
	"html/template"
	"strings"
)

//go:embed frame.html
var frameSource string

// page is what the frame shows.
type page struct {
	Language, Subject, Preheader string
	Body                         template.HTML
	Unsubscribe, Preferences     string
	Postal                       []string
	Pixel, Trap                  string
	Brand                        Brand
	Theme                        theme
}

const (
	fontStack = `-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif`

	// After the preheader a mailbox goes on with what it finds next. These are characters of no width, enough to fill what it
	// shows.
	preheaderPadding = 60
)

// newFrame is the layout of all mails: tables, since Outlook for Windows lays out nothing else; every style inline, since
// some programs drop the style element, which only adds what dark mode and narrow screens change.
func newFrame() *template.Template {
	return template.Must(template.New("frame").Funcs(template.FuncMap{
		"mso":     mso,
		"font":    func() template.CSS { return fontStack },
		"padding": func() template.HTML { return template.HTML(strings.Repeat("&#847;&zwnj;&nbsp;", preheaderPadding)) }, //nolint:gosec // constant
	}).Parse(frameSource))
}

// mso is markup that only Outlook for Windows sees. It is our own: html/template drops comments that stand in a template.
func mso(markup string) template.HTML {
	return template.HTML("<!--[if mso]>" + markup + "<![endif]-->") //nolint:gosec // constants of the frame
}
