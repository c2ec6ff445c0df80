package mail

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/liquid"
)

func codes(found []record.Finding) (out []string) {
	for _, f := range found {
		out = append(out, f.Code)
	}
	return out
}

func TestInspectFindsWhatItIsFor(t *testing.T) {
	long := strings.Repeat("word and some more words that fill it up. ", 10)
	for want, change := range map[string]func(*Message){
		"":               func(*Message) {},
		"subject_long":   func(m *Message) { m.Subject = strings.Repeat("ä", 71) },
		"subject_caps":   func(m *Message) { m.Subject = "LAST CHANCE 50 % off" },
		"subject_shouts": func(m *Message) { m.Subject = "It is here!!" },
		"no_preheader":   func(m *Message) { m.Preheader = "{{ nobody }}" },
		"clipped": func(m *Message) {
			m.Body = strings.Repeat("{{ first_name }} ", 2000)
			m.Vars["first_name"] = strings.Repeat("ab ", 20)
		},
		"image_only": func(m *Message) {
			m.Body, m.Postal = "![A poster](https://house.test/i.png)", strings.Repeat("the footer is no text of the mail\n", 5)
		},
		"many_links": func(m *Message) { m.Body = strings.Repeat("[x](https://house.test/) ", 11) },
		"link_mismatch": func(m *Message) {
			m.Body = "[www.bank.test](https://house.test/) [https://bank.test/login](https://bank.test/x)"
		},
	} {
		m := welcome()
		m.Subject, m.Body = "Good news", long+"[more](https://house.test/) [www.house.test](https://house.test/x) <https://house.test/y> [Version 2.0](https://house.test/)"
		change(&m)
		mail, err := NewComposer().Compose(m)
		require.NoError(t, err, want)
		got := codes(Inspect(mail))
		if want == "" {
			require.Empty(t, got)
			continue
		}
		require.Equal(t, []string{want}, got)
	}
}

func TestInspectMissesNoMissingPart(t *testing.T) {
	m := welcome()
	mail, err := NewComposer().Compose(m)
	require.NoError(t, err)
	mail.Raw = []byte(strings.ReplaceAll(string(mail.Raw), "List-Unsubscribe", "X-Unsubscribe"))
	require.Equal(t, []string{"no_unsubscribe"}, codes(Inspect(mail)))
	_, mail.Text, _ = strings.Cut(mail.Text, "\n\n-- \n")
	mail.Text = "\n\n-- \n" + mail.Text
	require.Equal(t, []string{"no_text", "no_unsubscribe"}, codes(Inspect(mail)))
}

func TestFindingsQuoteNoValue(t *testing.T) {
	m := welcome()
	m.Subject, m.Vars = "{{ first_name }}!!", liquid.Vars{"first_name": "SECRETSECRET"}
	mail, err := NewComposer().Compose(m)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprint(Inspect(mail)), "SECRET")
}

func TestLint(t *testing.T) {
	c := NewComposer()
	for body, want := range map[string][]string{
		"plain [a](https://a.test/{{ v }}) ![alt](https://a.test/i.png) [b]({{ links.b }}) [m](mailto:x@a.test)": nil,
		"![](https://a.test/i.png)":                                    {"image_alt"},
		"![ ](https://a.test/i.png)":                                   {"image_alt"},
		"![{{ name }}](https://a.test/i.png)":                          nil,
		"![alt](i.png)":                                                {"image_address"},
		"![alt](data:image/png;base64,AAAA)":                           {"image_address"},
		"![alt](mailto:x@a.test)":                                      {"image_address"},
		"![alt](https://{{ host }}/i.png)":                             {"image_address"},
		"![]({{ v }})":                                                 {"image_address", "image_alt"},
		"{% if x %}fine{% else %}![](https://a.test/i.png){% endif %}": {"image_alt"},
		"[a](/relative) [b](example.com) [c]({{ v }})":                 {"link_address", "link_address", "link_address"},
		"[a](javascript:x)":                                            {"link_address"},
		"![alt]({{ links.logo }})":                                     nil,
		"{{ broken":                                                    nil,
		"`![](x)` and \\![](https://a.test/)":                          nil,
	} {
		require.Equal(t, want, codes(c.Lint(body)), body)
	}
	found := c.Lint("![](https://a.test/{{ v }}.png)")
	require.Contains(t, found[0].Detail, "https://a.test/….png has no alt text: write ![what it shows]")
	require.True(t, found[0].Severe)
}
