package mail

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/mail/liquid"
)

// A composer that has made thousands of mails of a template makes of the next person's values what a new one would.
func TestWhatIsKeptIsNobodysButTheTemplates(t *testing.T) {
	bodies := []string{
		"Hello {{ a }}, [see]({{ links.product }}) and [this]({{ links.product }}?who={{ b }}).",
		"{% if a %}# {{ a }}\n\n{% endif %}*{{ b }}* [{{ a }}](https://x.example/{{ b }}) <https://x.example/{{ a }}>\n\n* {{ b }}\n* {{ a }}",
		"{{ links.product }}{{ a }} and [x]({{ links.product }}{{ a }}) lf0qv0z {{ b }}",
	}
	long := NewComposer()
	rapid.Check(t, func(t *rapid.T) {
		m := welcome()
		m.Body = rapid.SampledFrom(bodies).Draw(t, "body")
		m.Subject = "For {{ a | default: 'you' }}"
		m.Vars = liquid.Vars{}
		for _, name := range []string{"a", "b"} {
			if rapid.Bool().Draw(t, "has "+name) {
				m.Vars[name] = rapid.OneOf(drawHostile(), rapid.SampledFrom([]string{"Ada", "https://evil.example/x", "lf0qv1z", "https://lf0qu0z.invalid"})).Draw(t, name)
			}
		}
		m.Links = map[string]string{"product": rapid.SampledFrom([]string{"https://house.test", "https://house.test/", "https://house.test/p?a=1", "https://other.test/q"}).Draw(t, "link")}
		if by := rapid.SampledFrom([]string{"", "ada", "bob"}).Draw(t, "tracked for"); by != "" {
			m.Track = func(target string) string { return "https://house.test/t/" + by + "?u=" + url.QueryEscape(target) }
		}
		want, errWant := NewComposer().Compose(m)
		got, err := long.Compose(m)
		require.Equal(t, fmt.Sprint(errWant), fmt.Sprint(err))
		require.Equal(t, string(want.Raw), string(got.Raw))
	})
	require.LessOrEqual(t, len(long.drawn.made), memoKeeps)
}

// A link is signed once a mail, though it stands in both of its parts, and only where the body has it.
func TestALinkIsTrackedOnceAMail(t *testing.T) {
	m := welcome()
	m.Body = "[a](https://a.test/), [b](https://b.test/{{ v }}), {% if no %}[c](https://c.test/){% endif %}[d](https://d.test \"untracked\")"
	m.Vars = liquid.Vars{"v": "x y"}
	var got []string
	m.Track = func(target string) string {
		got = append(got, target)
		return tracking(target)
	}
	c := NewComposer()
	for range 2 {
		got = nil
		_, err := c.Compose(m)
		require.NoError(t, err)
		require.Equal(t, []string{"https://a.test/", "https://b.test/x%20y"}, got)
	}
}

// What was drawn for one mail serves another only where both look the same: whatever changes, it is as if it were the first.
func TestDrawn_servesOnlyMailsThatLookTheSame(t *testing.T) {
	t.Parallel()
	shared := NewComposer()
	for what, change := range map[string]func(*Message){
		"nothing":        func(*Message) {},
		"a name":         func(m *Message) { m.Vars["first_name"] = strings.Repeat("Ada Lovelace ", 9) },
		"no name":        func(m *Message) { delete(m.Vars, "first_name") },
		"the address":    func(m *Message) { m.Postal = "Elsewhere 1\nOther Town" },
		"the language":   func(m *Message) { m.Language = "de" },
		"the house":      func(m *Message) { m.Brand.Name = "Another house" },
		"its logo":       func(m *Message) { m.Brand = Brand{Name: "Logo", Logo: "https://house.test/l.png"} },
		"its colour":     func(m *Message) { m.Brand.Colour = "#aa0000" },
		"no preheader":   func(m *Message) { m.Preheader = "" },
		"no preferences": func(m *Message) { m.Preferences = "" },
		"a pixel":        func(m *Message) { m.Pixel = "https://house.test/t/o/x" },
		"a trap":         func(m *Message) { m.Trap = "https://house.test/t/h/x" },
		"a word of ours": func(m *Message) { m.Postal = "lf0qv0z 1" },
	} {
		for range 2 {
			m := welcome()
			m.Preheader, m.Preferences = "{{ first_name }} and more", "https://house.test/p/x"
			change(&m)
			alone, err := NewComposer().Compose(m)
			require.NoError(t, err, what)
			got, err := shared.Compose(m)
			require.NoError(t, err, what)
			require.Equal(t, string(alone.Raw), string(got.Raw), what)
			require.Equal(t, alone.HTML, got.HTML, what)
			require.Equal(t, alone.Text, got.Text, what)
			if what == "a word of ours" {
				require.Contains(t, got.Text, "lf0qv0z 1")
			}
		}
	}
}
