package mail

import (
	"bytes"
	"io"
	"mime"
	netmail "net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	message "github.com/emersion/go-message/mail"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/mail/liquid"
)

func welcome() Message {
	return Message{
		From:    netmail.Address{Name: "Zoë of Häuser & Co", Address: "zoe@house.test"},
		To:      netmail.Address{Name: "Ada Lovelace", Address: "ada@example.com"},
		Subject: `Welcome, {{ first_name | default: "friend" }}`, Preheader: "What you can expect",
		Body: "Hello {{ first_name | default: \"there\" }},\n\nthank you. [See how it works]({{ links.product }}).\n\n" +
			"* one\n* two\n\n> quoted\n\n1. first\n2. second `code`\n\n# Head\n\n---\n\nfish &amp; chips \\*not em\\* **strong** <https://house.test/x> <b>no tag</b>",
		Vars: liquid.Vars{"first_name": "Ada"}, Links: map[string]string{"product": "https://house.test/p?a=1&b=2"},
		Unsubscribe: "https://house.test/u/t0ken", OneClick: "https://house.test/u/t0ken", UnsubscribeMailto: "leave@house.test",
		Postal: "Häuser & Co\n1 Main Street", MessageID: "0190.1.welcome.hello@house.test", ReturnPath: "bounce+1@house.test",
		Date: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC), Headers: map[string]string{"X-Leadflow": "1"},
	}
}

// parts reads a rendered mail with an independent library.
func parts(t require.TestingT, raw []byte) (header message.Header, text, markup string) {
	r, err := message.CreateReader(bytes.NewReader(raw))
	require.NoError(t, err)
	for {
		part, err := r.NextPart()
		if err == io.EOF {
			return r.Header, text, markup
		}
		require.NoError(t, err)
		body, err := io.ReadAll(part.Body)
		require.NoError(t, err)
		switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
		case "text/plain":
			text = string(body)
		case "text/html":
			markup = string(body)
		}
	}
}

func TestCompose(t *testing.T) {
	mail, err := NewComposer().Compose(welcome())
	require.NoError(t, err)
	require.Equal(t, "bounce+1@house.test", mail.EnvelopeFrom)
	require.Equal(t, "ada@example.com", mail.EnvelopeTo)

	h, text, markup := parts(t, mail.Raw)
	subject, err := h.Subject()
	require.NoError(t, err)
	require.Equal(t, "Welcome, Ada", subject)
	from, err := h.AddressList("From")
	require.NoError(t, err)
	require.Equal(t, "Zoë of Häuser & Co", from[0].Name)
	require.Equal(t, "<0190.1.welcome.hello@house.test>", h.Get("Message-Id"))
	require.Equal(t, "<https://house.test/u/t0ken>, <mailto:leave@house.test?subject=unsubscribe>", h.Get("List-Unsubscribe"))
	require.Equal(t, "List-Unsubscribe=One-Click", h.Get("List-Unsubscribe-Post"))
	require.Equal(t, "1", h.Get("X-Leadflow"))
	date, err := h.Date()
	require.NoError(t, err)
	require.True(t, date.Equal(welcome().Date))
	require.NotContains(t, string(mail.Raw), "User-Agent")
	require.Contains(t, string(mail.Raw), "\r\nList-Unsubscribe: <https://", "not folded away from its name")
	require.Contains(t, string(mail.Raw), "Message-ID: <0190")

	require.Equal(t, "Hello Ada,\n\nthank you. See how it works (https://house.test/p?a=1&b=2).\n\n- one\n- two\n\n> quoted\n\n"+
		"1. first\n2. second code\n\nHead\n\n----------\n\nfish & chips *not em* strong https://house.test/x <b>no tag</b>\n\n"+
		"-- \nUnsubscribe: https://house.test/u/t0ken\nHäuser & Co\n1 Main Street\n", strings.ReplaceAll(text, "\r\n", "\n"))
	for _, want := range []string{
		">Hello Ada,</p>", `<a href="https://house.test/p?a=1&amp;b=2" `, ">See how it works</a>", ">one</li>", ">Head</h1>", "<strong>strong</strong>",
		"&lt;b&gt;no tag&lt;/b&gt;", `<a href="https://house.test/u/t0ken" `, ">Unsubscribe</a>", "Häuser &amp; Co<br>1 Main Street", "What you can expect",
	} {
		require.Contains(t, markup, want)
	}
	for i, l := range bytes.Split(mail.Raw, []byte("\r\n")) {
		require.LessOrEqual(t, len(l), 998, "line %d", i)
		require.False(t, bytes.ContainsAny(l, "\r\n"), "only CRLF ends a line")
		for _, c := range l {
			require.Less(t, c, byte(0x7F), "7 bit")
		}
	}
}

func TestComposeTwiceGivesTheSameBytes(t *testing.T) {
	a, err := NewComposer().Compose(welcome())
	require.NoError(t, err)
	for range 20 {
		b, err := NewComposer().Compose(welcome())
		require.NoError(t, err)
		require.Equal(t, string(a.Raw), string(b.Raw))
	}
}

// everywhere uses one value at every kind of place a template has.
const everywhere = `{{ v }} starts

para {{ v }} *em {{ v }}* **strong {{ v }}** ` + "`code {{ v }}`" + ` end {{ v }}

{{ v }}
# {{ v }}

* {{ v }}
* item

> {{ v }}

1. {{ v }}

` + "    indented {{ v }}\n\n```{{ v }}\nfenced {{ v }}\n```" + `

[{{ v }}]({{ links.product }} "{{ v }}") [query]({{ links.product }}&q={{ v }}) [path](https://house.test/{{ v }}/x)
![{{ v }}](https://house.test/i.png) ![{{ v }}](https://house.test/{{ v }}.png "{{ v }}") <https://house.test/{{ v }}> <{{ v }}> [ref][r] \{{ v }} &{{ v }};

[{{ v }}](https://house.test/b?x={{ v }} "button")

![{{ v }}](https://house.test/i.png "width=200")

[r]: https://house.test/r?x={{ v }}
`

var hostile = []string{
	"<script>alert(1)</script>", "](https://evil.test)", "[x](https://evil.test)", "https://evil.test", "<https://evil.test>", "javascript:alert(1)",
	"{{ secret }}", "{% if x %}", "# head", "\n\n# head", "a\r\nBcc: x@evil.test", "- item", "1. x", "> q", "```", "`", "***", "___", "===", "---", "\\", "&lt;b&gt;", "&#60;",
	"\" onmouseover=\"x", "' x='", ")", "(", "|", "~~~", "    code", "\tcode", "../../x", "?a=b&c#d", "%0d%0a", "@evil.test", ":", "\u2028x", "\u202Eabc", "<!-- ", "]]>", "=?utf-8?q?=0D=0A?=",
	"lf0qv0z", "https://lf0qu0z.invalid", "lf0qv99999999999999999999z", "-- ", ".", "\x00", "😀 é", "  ", "*", "_a_", "[r]", "![", "!", "\\*", "&amp;",
}

func drawHostile() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(hostile), rapid.String()), 1, 4).Draw(t, "pieces"), "")
	})
}

// skeleton is a markup's tags with their attributes, the addresses cut to scheme and host, and its text.
func skeleton(t require.TestingT, markup string) (tags []string, hosts map[string]bool, text string) {
	z := html.NewTokenizer(strings.NewReader(markup))
	hosts = map[string]bool{}
	for {
		switch z.Next() {
		case html.ErrorToken:
			require.ErrorIs(t, z.Err(), io.EOF)
			return tags, hosts, text
		case html.TextToken:
			text += string(html.UnescapeString(string(z.Raw())))
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			token := z.Token()
			shown := token.Data
			for _, a := range token.Attr {
				shown += " " + a.Key
				if a.Key == "href" || a.Key == "src" {
					u, err := url.Parse(a.Val)
					require.NoError(t, err)
					shown += "=" + u.Scheme + "://" + u.Host
					hosts[u.Host] = true
				}
			}
			tags = append(tags, shown)
		default:
		}
	}
}

func TestValuesStayLiteralInEveryPart(t *testing.T) { rapid.Check(t, stayLiteral(t)) }

func FuzzValuesStayLiteral(f *testing.F) { f.Fuzz(rapid.MakeFuzz(stayLiteral(f))) }

// stayLiteral holds that a mail with a value is the mail without it, but for that text.
func stayLiteral(t require.TestingT) func(*rapid.T) {
	composer := NewComposer()
	compose := func(t require.TestingT, v string) Rendered {
		m := welcome()
		m.Body, m.Vars = everywhere, liquid.Vars{"v": v, "secret": "SECRET"}
		m.Subject, m.Preheader = "S {{ v | truncate: 80 }}", "P {{ v }}"
		m.From.Name, m.To.Name, m.Track = v, v, tracking
		mail, err := composer.Compose(m)
		require.NoError(t, err)
		return mail
	}
	plain := compose(t, "x")
	tags, _, _ := skeleton(t, plain.HTML)
	plainHeader, _, _ := parts(t, plain.Raw)
	return func(t *rapid.T) {
		v := drawHostile().Filter(func(v string) bool { return strings.TrimSpace(liquid.Line(v)) != "" }).Draw(t, "v")
		mail := compose(t, v)
		got, hosts, text := skeleton(t, mail.HTML)
		require.Equal(t, tags, got, "the value changed the structure")
		require.Equal(t, map[string]bool{"house.test": true}, hosts)
		shown := liquid.Line(v)
		require.Contains(t, text, "para "+shown+" em "+shown)
		require.Contains(t, mail.Text, "para "+shown+" em "+shown+" strong "+shown+" code "+shown+" end "+shown)
		require.Equal(t, strings.Count(plain.Text, "\n"), strings.Count(mail.Text, "\n"), "the value made a line")
		require.NotContains(t, mail.Text+mail.HTML, "SECRET")

		h, _, _ := parts(t, mail.Raw)
		require.Equal(t, plainHeader.Len(), h.Len(), "the value made a header")
		to, err := h.AddressList("To")
		require.NoError(t, err)
		require.Len(t, to, 1)
		require.Equal(t, "ada@example.com", to[0].Address)
		subject, err := h.Subject()
		require.NoError(t, err)
		require.Equal(t, unencoded(mail.Subject), subject)
	}
}

// tracking leads every link by the house.
func tracking(target string) string { return "https://house.test/t/c/x?u=" + url.QueryEscape(target) }

func TestOnlyOurLinksNameAHost(t *testing.T) {
	composer := NewComposer()
	for body, want := range map[string]string{
		"[x]({{ links.product }})":                       "https://house.test",
		"[x]({{ links.bare }}/y)":                        "https://house.test",
		"<{{ links.product }}>":                          "https://house.test",
		"[x](https://other.test/?u={{ links.product }})": "https://other.test",
		"[x](mailto:{{ v }})":                            "mailto:",
		"[x]({{ v }})":                                   "",
		"[x](https://{{ v }})":                           "",
		"[x](https://{{ v }}/)":                          "",
		"[x](https://a{{ v }}.test/)":                    "",
		"[x]({{ links.bare }}{{ v }})":                   "",
		"[x](javascript:alert(1))":                       "",
		"[x](data:text/html,x)":                          "",
		"[x](java&#115;cript:x)":                         "",
		"[x](/relative)":                                 "",
		"<https://{{ v }}>":                              "",
		"<https://house.test/{{ v }}>":                   "",
		"<{{ v }}@house.test>":                           "",
		"![x]({{ v }})":                                  "",
		"![x](mailto:x@house.test)":                      "",
		"[![i]({{ v }})]({{ links.product }})":           "https://house.test",
		"[x][r]\n\n[r]: {{ v }}":                         "",
		"<a href=\"https://evil.test\">x</a>":            "",
		"<div onclick=x>\n\n{{ v }}\n\n</div>":           "",
		"[x]({{ links.product | append: v }})":           "",
		"[x]({{ links.product | replace: 'a', 'b' }})":   "",
	} {
		m := welcome()
		m.Body, m.Vars, m.Links = body, liquid.Vars{"v": "evil.test"}, map[string]string{"product": "https://house.test/p", "bare": "https://house.test"}
		mail, err := composer.Compose(m)
		require.NoError(t, err, body)
		sheet := sheetOf(mail.HTML)
		if want == "" {
			require.NotContains(t, sheet, "<a ", body)
			require.NotContains(t, sheet, "<img", body)
			continue
		}
		require.Contains(t, sheet, `href="`+want, body)
		require.NotContains(t, sheet, "invalid", body)

		m.Track = tracking
		mail, err = composer.Compose(m)
		require.NoError(t, err, body)
		require.NotContains(t, sheetOf(mail.HTML), "invalid", body)
		if strings.HasPrefix(want, "https:") && !strings.HasPrefix(body, "<") {
			require.Contains(t, sheetOf(mail.HTML), `href="https://house.test/t/c/x?u=https%3A%2F%2F`, body)
			require.Contains(t, mail.Text, "https://house.test/t/c/x?u=https%3A%2F%2F", body)
		} else {
			require.Contains(t, sheetOf(mail.HTML), `href="`+want, "%s: it shows where it leads, or leads to no page", body)
		}
	}
}

// sheetOf is the part of a mail that its body makes.
func sheetOf(markup string) string {
	from := strings.Index(markup, `<td class="lf-sheet"`)
	return markup[from : from+strings.Index(markup[from:], `<td class="lf-foot`)]
}

func TestComposeRefuses(t *testing.T) {
	cases := map[string]func(*Message){
		"subject: line 1, column":   func(m *Message) { m.Subject = "{{ x" },
		"preheader: line 1, column": func(m *Message) { m.Preheader = "{% if %}" },
		"body: line 2, column":      func(m *Message) { m.Body = "a\r\n{{ x | nope }}" },
		"subject is empty":          func(m *Message) { m.Subject = "{{ nobody }}" },
		"shorten it to 255":         func(m *Message) { m.Subject = strings.Repeat("ä", 256) },
		"body: it is empty":         func(m *Message) { m.Body = "{{ nobody }}" },
		"the unsubscribe address":   func(m *Message) { m.Unsubscribe = "" },
		"must be https":             func(m *Message) { m.OneClick = "http://house.com/u" },
		"the link product":          func(m *Message) { m.Links["product"] = "javascript:x" },
		"is reserved":               func(m *Message) { m.Vars["links"] = 1 },
		"message id":                func(m *Message) { m.MessageID = "a b@c\r\n" },
		"no date":                   func(m *Message) { m.Date = time.Time{} },
		"To: the mail address":      func(m *Message) { m.To.Address = "a@b\r\nBcc: c@d" },
		"From: the mail address":    func(m *Message) { m.From.Address = "" },
		"Reply-To: the mail":        func(m *Message) { m.ReplyTo.Address = "x y" },
		"return path":               func(m *Message) { m.ReturnPath = "<>" },
		`the header "bcc"`:          func(m *Message) { m.Headers["bcc"] = "x@evil.test" },
		`the header "X:"`:           func(m *Message) { m.Headers["X:"] = "1" },
		"the header X-A holds":      func(m *Message) { m.Headers["X-A"] = "1\r\nBcc: x" },
		"unsubscribe mails":         func(m *Message) { m.UnsubscribeMailto = "a>b" },
		"LEADFLOW_MAIL_POSTAL":      func(m *Message) { m.Postal = " \n" },
		"LEADFLOW_BRAND_COLOR":      func(m *Message) { m.Brand.Colour = "red;x:y" },
		"LEADFLOW_BRAND_LOGO":       func(m *Message) { m.Brand = Brand{Name: "A", Logo: "data:x"} },
		"language tag":              func(m *Message) { m.Language = "\"><script>" },
	}
	for want, change := range cases {
		m := welcome()
		change(&m)
		_, err := NewComposer().Compose(m)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "ada@")
	}
}

func TestOneClickOverHTTPOnlyAtHome(t *testing.T) {
	for link, ok := range map[string]bool{
		"https://a.com/u": true, "http://127.0.0.1:8080/u": true, "http://localhost/u": true, "http://[::1]:1/u": true, "http://10.0.0.3/u": true,
		"http://leadflow:8080/u": true, "http://crm.internal/u": true, "http://a.com/u": false, "http://8.8.8.8/u": false, "ftp://a/u": false, "https://u:p@a.com/": false,
	} {
		require.Equal(t, ok, checkOneClick(link) == nil, link)
	}
}

func TestComposeAlert(t *testing.T) {
	a := Alert{
		From: netmail.Address{Address: "leadflow@house.test"}, To: netmail.Address{Name: "Rep", Address: "rep@house.test"},
		Subject: "New lead:\r\nBcc: x@evil.test", Lines: []string{"<b>Acme</b>\nhas 120 points", "", "Accept until 10:00"},
		Links:     []AlertLink{{"Decide", "https://house.test/d/tok?a=1&b=2"}},
		MessageID: "offer.1@house.test", Date: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC),
	}
	mail, err := NewComposer().ComposeAlert(a)
	require.NoError(t, err)
	h, text, markup := parts(t, mail.Raw)
	subject, err := h.Subject()
	require.NoError(t, err)
	require.Equal(t, "New lead: Bcc: x@evil.test", subject)
	require.Equal(t, "auto-generated", h.Get("Auto-Submitted"))
	require.False(t, h.Has("List-Unsubscribe"))
	require.False(t, h.Has("Bcc"))
	require.Equal(t, "<b>Acme</b> has 120 points\n\nAccept until 10:00\n\nDecide: https://house.test/d/tok?a=1&b=2\n", strings.ReplaceAll(text, "\r\n", "\n"))
	require.Contains(t, markup, "&lt;b&gt;Acme&lt;/b&gt; has 120 points")
	require.Regexp(t, `<a href="https://house.test/d/tok\?a=1&amp;b=2" [^>]*>Decide</a>`, markup)
	require.NotContains(t, markup, "Unsubscribe")

	a.Links[0].URL = "javascript:x"
	_, err = NewComposer().ComposeAlert(a)
	require.ErrorContains(t, err, "http")
}
