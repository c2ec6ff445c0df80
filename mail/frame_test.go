package mail

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

func composed(t *testing.T, change func(*Message)) string {
	t.Helper()
	m := welcome()
	change(&m)
	mail, err := NewComposer().Compose(m)
	require.NoError(t, err)
	return mail.HTML
}

// balanced holds that every element that is opened is closed in its order: one table too few, and Outlook shows nothing.
func balanced(t *testing.T, markup string) {
	t.Helper()
	void := map[string]bool{"meta": true, "img": true, "br": true, "hr": true}
	var open []string
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch z.Next() {
		case html.ErrorToken:
			require.ErrorIs(t, z.Err(), io.EOF)
			require.Empty(t, open)
			return
		case html.StartTagToken:
			if name, _ := z.TagName(); !void[string(name)] {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			require.NotEmpty(t, open, "</%s>", name)
			require.Equal(t, open[len(open)-1], string(name))
			open = open[:len(open)-1]
		default:
		}
	}
}

func TestTheLayoutIsTablesThatClose(t *testing.T) {
	markup := composed(t, func(m *Message) {
		m.Brand = Brand{Name: "Acme & Co", Logo: "https://acme.test/l.png", Colour: "#ffcc00"}
		m.Body += "\n\n[Book a demo]({{ links.product }} \"button\")\n\n![A chart](https://house.test/c.png)"
	})
	balanced(t, markup)
	// What Outlook alone sees closes too, where it stands.
	seen := regexp.MustCompile(`(?s)<!--\[if mso\]>(.*?)<!\[endif\]-->`).ReplaceAllString(markup, "$1")
	require.NotEqual(t, markup, seen)
	balanced(t, strings.ReplaceAll(seen, "o:", ""))
	require.NotContains(t, markup, "ZgotmplZ", "html/template refused a value")
	for _, unknown := range []string{"flex", "grid", "float", "position:", "var(", "calc(", "@import", "<link", "<script", "url("} {
		require.NotContains(t, markup, unknown, "some program does not know it")
	}
	style := markup[strings.Index(markup, "<style>\r\n")+9 : strings.LastIndex(markup, "</style>")]
	require.Less(t, len(style), 8192, "Gmail drops a longer style element")
	require.Less(t, len(markup), 12<<10, "the layout alone is far from the 102 kB that Gmail shows")
	require.Contains(t, markup, `<img src="https://acme.test/l.png" alt="Acme &amp; Co"`)
}

func TestEveryElementHasItsStyleInline(t *testing.T) {
	markup := composed(t, func(m *Message) { m.Body += "\n\n    code\n\n![i](https://house.test/i.png)" })
	for _, tag := range []string{"p", "a", "h1", "ul", "ol", "li", "blockquote", "hr", "code", "pre", "img"} {
		found := regexp.MustCompile(`<`+tag+`[ >][^>]*`).FindAllString(markup, -1)
		require.NotEmpty(t, found, tag)
		for _, one := range found {
			if !strings.HasPrefix(one, "<code>") { // the one in pre
				require.Contains(t, one, "style=", tag)
			}
		}
	}
}

func TestAButtonIsALinkAloneWithThatTitle(t *testing.T) {
	markup := composed(t, func(m *Message) {
		m.Body = "[Book *now*]({{ links.product }} \"button\")\n\nor [read]({{ links.product }} \"button\") on"
		m.Brand.Colour = "#ffcc00"
	})
	require.Equal(t, 1, strings.Count(markup, `class="lf-button"`))
	require.Contains(t, markup, `bgcolor="#ffcc00"`)
	require.Contains(t, markup, "mso-padding-alt:13px 28px")
	require.Regexp(t, `<a href="https://house.test/p\?a=1&amp;b=2" style="[^"]*color:#000000[^"]*">Book <em>now</em></a></td></tr></table>`, markup)
	// Where it leads is held like any link's.
	markup = composed(t, func(m *Message) { m.Body = "[x](https://{{ first_name }}.test/ \"button\")" })
	require.NotContains(t, sheetOf(markup), "<a ")
}

func TestImagesHaveTheWidthOutlookNeeds(t *testing.T) {
	markup := composed(t, func(m *Message) {
		m.Body = "![wide](https://house.test/a.png)\n\n![small](https://house.test/b.png \"width=120\") text ![in line](https://house.test/c.png) ![far](https://house.test/d.png \"width=900\")"
	})
	require.Regexp(t, `<img src="https://house.test/a.png" alt="wide" width="536"|a.png" alt="wide"[^>]*width="536"`, markup)
	require.Regexp(t, `b.png" alt="small"[^>]*width="120"`, markup)
	require.Regexp(t, `d.png" alt="far"[^>]*width="536"`, markup)
	require.NotRegexp(t, `c.png"[^>]*width="`, markup)
	require.NotContains(t, markup, `title="width`)
}

func TestThePreheaderIsHiddenAndFillsItsLine(t *testing.T) {
	markup := composed(t, func(*Message) {})
	require.Regexp(t, `<div style="display:none;[^"]*mso-hide:all">What you can expect(&#847;&zwnj;&nbsp;){60}</div>`, markup)
	require.NotContains(t, composed(t, func(m *Message) { m.Preheader = "" }), "&#847;")
}

func TestEveryColourCanBeRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := colour{float64(rapid.IntRange(0, 255).Draw(t, "r")), float64(rapid.IntRange(0, 255).Draw(t, "g")), float64(rapid.IntRange(0, 255).Draw(t, "b"))}
		b := Brand{Colour: c.hex()}
		require.NoError(t, b.Check())
		th := b.theme()
		require.Equal(t, b.Colour, th.Accent, "the brand's own colour is what buttons have")
		for _, pair := range [][2]string{{th.OnAccent, th.Accent}, {th.Link, "#ffffff"}, {th.LinkDark, "#1c2126"}} {
			require.GreaterOrEqual(t, ratio(t, pair[0], pair[1]), readable, "%s on %s", pair[0], pair[1])
		}
	})
	for _, pair := range [][2]string{
		{"#1f2933", "#ffffff"}, {"#52606d", "#ffffff"}, {"#5b6875", "#f4f5f7"}, {"#1f2933", "#eef0f3"}, {"#1f2933", "#f4f5f7"}, // light
		{"#e4e7eb", "#1c2126"}, {"#f5f7fa", "#1c2126"}, {"#b8c2cc", "#1c2126"}, {"#a3b0bd", "#111518"}, {"#e4e7eb", "#111518"}, // dark
	} {
		require.GreaterOrEqual(t, ratio(t, pair[0], pair[1]), readable, "%s on %s", pair[0], pair[1])
		require.Contains(t, composed(t, func(m *Message) { m.Body = "`c`\n\n> q\n\n# h" }), pair[0])
	}
	require.InDelta(t, 21, contrast(white, black), 1e-9)
	require.InDelta(t, 4.54, ratio(t, "#767676", "#ffffff"), 0.01) // the known border case of WCAG
}

func ratio(t require.TestingT, a, b string) float64 {
	ca, ok := parseColour(a)
	require.True(t, ok)
	cb, ok := parseColour(b)
	require.True(t, ok)
	return contrast(ca, cb)
}

func TestBrandRefuses(t *testing.T) {
	for _, b := range []Brand{
		{Name: "a\nb"}, {Name: strings.Repeat("x", 61)}, {Name: "A", Logo: "javascript:x"}, {Logo: "https://a.test/l.png"}, {Colour: "#12345"}, {Colour: "blue"}, {Colour: "#12345g"}, {Colour: "0b57d0"},
	} {
		require.Error(t, b.Check(), "%v", b)
	}
	require.NoError(t, Brand{}.Check())
	require.NoError(t, Brand{Name: "Acme", Logo: "https://a.test/l.png", Colour: "#0B57d0"}.Check())
}
