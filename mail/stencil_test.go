package mail

import (
	"html"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stencilled fills three values into a text, encoded and not.
func stencilled(before, between, after string, values ...string) (encoded, text string) {
	s := newSlots(before, between, after)
	var b strings.Builder
	b.WriteString(before)
	for i, v := range values {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(s.word("v", v))
	}
	b.WriteString(after)
	st := newStencil(b.String(), s)
	return string(st.appendEncoded(nil, s, html.EscapeString)), st.fill(s, html.EscapeString)
}

// What is put together of stretches that were encoded beforehand and of values is what a reader of quoted-printable makes the text of,
// and no line is too long for RFC 2045.
func FuzzStencil(f *testing.F) {
	f.Add("Hello ", ", your ", "!\n", "Ada", "Bench & Söhne")
	f.Add(strings.Repeat("a", 75), "=\n ", "\n.\n", strings.Repeat("ü", 40), " ")
	f.Add(strings.Repeat("word ", 30), "", strings.Repeat("x", 74)+"=", strings.Repeat("y", 300), "")
	f.Add("\n\n", " \t", " ", "=", "a ")
	f.Fuzz(func(t *testing.T, before, between, after, one, two string) {
		for _, text := range []*string{&before, &between, &after} { // as goldmark and html/template leave it
			*text = strings.ReplaceAll(*text, "\r", "")
		}
		for _, v := range []*string{&one, &two} { // as liquid.Line leaves it
			*v = strings.NewReplacer("\r", "", "\n", "").Replace(*v)
		}
		encoded, text := stencilled(before, between, after, one, two)
		got, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(encoded)))
		require.NoError(t, err)
		require.Equal(t, strings.ReplaceAll(text, "\n", "\r\n"), string(got))
		for line := range strings.SplitSeq(encoded, "\r\n") {
			require.LessOrEqual(t, len(line), 76)
			require.NotRegexp(t, `[ \t]$`, line, "relays take white space at the end of a line away")
			require.NotRegexp(t, `[^ -~\t]`, line)
		}
	})
}

// A value that looks like a slot is not filled, and a text that has the word of a slot gets other words.
func TestStencil_fillsEachSlotOnce(t *testing.T) {
	t.Parallel()
	_, text := stencilled("lf0qv1z ", " ", "", "lf1qv1z", "two")
	require.Equal(t, "lf0qv1z lf1qv1z two", text)
}

// Headers are folded between words, never behind the name, and no line is longer than it must be.
func TestAppendField(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200)
	for value, want := range map[string]string{
		"short":                            "Subject: short\r\n",
		long:                               "Subject: " + long + "\r\n",
		"a  b":                             "Subject: a  b\r\n",
		strings.Repeat("ten chars ", 8):    "Subject: " + strings.Repeat("ten chars ", 6) + "ten\r\n chars ten chars\r\n",
		"<https://x.example/" + long + ">": "Subject: <https://x.example/" + long + ">\r\n",
	} {
		require.Equal(t, want, string(appendField(nil, "Subject", value)))
	}
}
