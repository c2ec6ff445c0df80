package intake

import (
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// bytewise are the encodings of one byte a letter that are told apart, the likeliest first: of two that make equally
// good words the first is taken.
var bytewise = []struct {
	name string
	encoding.Encoding
}{
	{"windows-1252", charmap.Windows1252}, // and ISO-8859-1, which it holds
	{"iso-8859-15", charmap.ISO8859_15},
	{"windows-1250", charmap.Windows1250},
	{"windows-1251", charmap.Windows1251},
	{"koi8-r", charmap.KOI8R},
	{"macintosh", charmap.Macintosh},
	{"ibm850", charmap.CodePage850},
}

// guessCharset picks the encoding that makes the fewest odd words of a sample. It is a guess: whoever imports sees the
// first rows as they were read, and the mapping can say better.
func guessCharset(sample []byte) string {
	best, fewest := "", 0
	for _, e := range bytewise {
		text, err := e.NewDecoder().Bytes(sample)
		if err != nil {
			continue
		}
		if n := oddities([]rune(string(text))); best == "" || n < fewest {
			best, fewest = e.name, n
		}
	}
	return best
}

// oddities counts what no text has: signs within words, capitals within words, letters of two scripts in one word, three
// accented letters in a row, and what is no text at all.
func oddities(text []rune) (n int) {
	at := func(i int) rune {
		if i < 0 || i >= len(text) {
			return ' '
		}
		return text[i]
	}
	for i, r := range text {
		if r < 0x80 {
			continue
		}
		before, after := at(i-1), at(i+1)
		switch {
		case r == unicode.ReplacementChar || unicode.IsControl(r):
			n += 3
		case r == '¤' || r >= 0x2500 && r < 0x25a0: // nobody writes the generic currency sign, or frames
			n++
		case !letter(r):
			if letter(before) && letter(after) && r != '’' && r != '´' {
				n++
			}
		case unicode.IsUpper(r) && letter(before) && (unicode.IsLower(before) || unicode.IsLower(after)),
			mixed(r, before), mixed(r, after),
			unicode.Is(unicode.Latin, r) && accented(before) && accented(at(i-2)):
			n++
		}
	}
	return n
}

// letter leaves out the two raised letters that stand for ordinals.
func letter(r rune) bool { return unicode.IsLetter(r) && r != 'ª' && r != 'º' }

func accented(r rune) bool { return r >= 0x80 && letter(r) && unicode.Is(unicode.Latin, r) }

func mixed(r, other rune) bool {
	return letter(other) && unicode.Is(unicode.Cyrillic, r) != unicode.Is(unicode.Cyrillic, other)
}
