package mail

import (
	"fmt"
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
		want, errWant := NewComposer().Compose(m)
		got, err := long.Compose(m)
		require.Equal(t, fmt.Sprint(errWant), fmt.Sprint(err))
		require.Equal(t, string(want.Raw), string(got.Raw))
	})
	require.LessOrEqual(t, len(long.sheets.made), memoKeeps)
}

// What the frame shows of a person stands in it as html/template would have put it there.
func TestASheetIsWhatTheFrameMakes(t *testing.T) {
	t.Parallel()
	c := NewComposer()
	address := rapid.StringMatching(`https?://house\.test/[A-Za-z0-9!#$%&'()*+,./:;=?@_~\[\]-]{0,40}`).Filter(func(a string) bool {
		_, err := checkLink(a)
		return err == nil
	})
	rapid.Check(t, func(t *rapid.T) {
		m := welcome()
		m.Body, m.Subject, m.Preheader, m.OneClick = "Hello", "{{ a }}!", "{{ b }}", ""
		m.Vars = liquid.Vars{"a": drawHostile().Draw(t, "a"), "b": rapid.OneOf(rapid.Just(""), drawHostile(), rapid.Just("lf0qv0z \"+\" ' lf0qu1z")).Draw(t, "b")}
		m.Unsubscribe, m.Pixel, m.Trap = address.Draw(t, "unsubscribe"), address.Draw(t, "pixel"), rapid.OneOf(rapid.Just(""), address).Draw(t, "trap")
		got, err := c.Compose(m)
		if err != nil {
			t.Skip(err)
		}
		want, err := c.framed(page{
			"en", got.Subject, got.Preheader, `<p style="margin:0 0 16px">Hello</p>` + "\n", m.Unsubscribe, splitLines(m.Postal), m.Pixel, m.Trap, m.Brand, m.Brand.theme(),
		})
		require.NoError(t, err)
		require.Equal(t, want, got.HTML)
		require.Equal(t, "Hello"+m.footer(), got.Text)
	})
}

// What is kept is of one house: another name, logo, colour, language or address makes another sheet.
func TestASheetIsOfOneHouse(t *testing.T) {
	t.Parallel()
	c := NewComposer()
	for _, change := range []func(*Message){
		func(*Message) {}, func(m *Message) { m.Brand.Name = "Acme" }, func(m *Message) { m.Brand.Name, m.Brand.Logo = "Acme", "https://x.example/l.png" },
		func(m *Message) { m.Brand.Colour = "#a01010" }, func(m *Message) { m.Language = "de" }, func(m *Message) { m.Postal = "2 Other Street" },
	} {
		m := welcome()
		change(&m)
		want, err := NewComposer().Compose(m)
		require.NoError(t, err)
		got, err := c.Compose(m)
		require.NoError(t, err)
		require.Equal(t, want.HTML, got.HTML)
		require.Equal(t, want.Text, got.Text)
	}
}
