package liquid

import "strings"

type kind int

const (
	kindText   kind = iota // what stands between the tags
	kindOutput             // {{ … }}
	kindTag                // {% … %}
)

// piece is a stretch of the source: text, or what stands between the braces, without the dashes that trim.
type piece struct {
	kind kind
	text string
	at   int // byte offset of text in the source
}

// split cuts the source into pieces and applies {{- -}} and {%- -%}, which trim the white space beside them.
func split(source string) ([]piece, error) {
	var pieces []piece
	trimNext := false
	for at := 0; at < len(source); {
		open := opening(source, at)
		text := piece{kindText, source[at:open], at}
		if trimNext {
			text.text = strings.TrimLeft(text.text, " \t\r\n")
		}
		if open == len(source) {
			return append(pieces, text), nil
		}
		tag, after, err := inside(source, open)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(tag.text, "-") {
			text.text = strings.TrimRight(text.text, " \t\r\n")
			tag.text, tag.at = tag.text[1:], tag.at+1
		}
		if trimNext = strings.HasSuffix(tag.text, "-"); trimNext {
			tag.text = tag.text[:len(tag.text)-1]
		}
		if len(pieces) > maxPieces {
			return nil, faultf(open, "split the mail in two", "more than %d tags and outputs", maxPieces/2)
		}
		pieces = append(pieces, text, tag)
		at = after
	}
	return pieces, nil
}

// opening is the offset of the next {{ or {%, or the end.
func opening(source string, from int) int {
	for i := from; i+1 < len(source); i++ {
		if source[i] == '{' && (source[i+1] == '{' || source[i+1] == '%') {
			return i
		}
	}
	return len(source)
}

// inside reads from an opening to its closing braces; braces within quotes do not close.
func inside(source string, open int) (piece, int, error) {
	k, closing := kindOutput, "}}"
	if source[open+1] == '%' {
		k, closing = kindTag, "%}"
	}
	quote, quotedAt := byte(0), 0
	for i := open + 2; i < len(source); i++ {
		switch c := source[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote, quotedAt = c, i
		case strings.HasPrefix(source[i:], closing):
			return piece{k, source[open+2 : i], open + 2}, i + 2, nil
		case strings.HasPrefix(source[i:], "{{") || strings.HasPrefix(source[i:], "{%"):
			return piece{}, 0, faultf(open, "write "+closing+" before the next tag begins", "this tag is not closed")
		}
	}
	if quote != 0 {
		return piece{}, 0, faultf(quotedAt, "close it with "+string(quote), "a quoted text is not closed")
	}
	return piece{}, 0, faultf(open, "write "+closing+" after it", "this tag is not closed")
}

type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenWord             // a variable's path, a filter, and, or, contains, true …
	tokenText             // "quoted"
	tokenNumber           // 12, -3.5
	tokenSign             // | : , == != < <= > >=
)

type token struct {
	kind tokenKind
	text string // without quotes
	at   int
}

// lexer reads the tokens of one tag.
type lexer struct {
	text string
	base int // offset of text in the source
	pos  int
}

func (l *lexer) next() (token, error) {
	for l.pos < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.pos]) >= 0 {
		l.pos++
	}
	start := l.pos
	if start == len(l.text) {
		return token{kind: tokenEnd, at: l.base + start}, nil
	}
	c := l.text[start]
	switch {
	case c == '"' || c == '\'':
		end := strings.IndexByte(l.text[start+1:], c)
		if end < 0 {
			return token{}, faultf(l.base+start, "close it with "+string(c), "a quoted text is not closed")
		}
		l.pos = start + end + 2
		return token{tokenText, l.text[start+1 : start+1+end], l.base + start}, nil
	case letter(c):
		for l.pos < len(l.text) && wordByte(l.text, l.pos) {
			l.pos++
		}
		return token{tokenWord, l.text[start:l.pos], l.base + start}, nil
	case digit(c) || c == '-' && start+1 < len(l.text) && digit(l.text[start+1]):
		l.pos++
		for l.pos < len(l.text) && (digit(l.text[l.pos]) || l.text[l.pos] == '.') {
			l.pos++
		}
		return token{tokenNumber, l.text[start:l.pos], l.base + start}, nil
	}
	for _, sign := range []string{"==", "!=", "<>", "<=", ">=", "<", ">", "|", ":", ","} {
		if strings.HasPrefix(l.text[start:], sign) {
			l.pos += len(sign)
			return token{tokenSign, sign, l.base + start}, nil
		}
	}
	return token{}, l.stray(start)
}

func (l *lexer) stray(start int) error {
	at := l.base + start
	switch l.text[start] {
	case '[':
		return faultf(at, "name a part with a dot: company.name", "[ ] is not part of this subset")
	case '(':
		return faultf(at, "nest a second {% if %} instead", "( ) is not part of this subset")
	case '=':
		return faultf(at, "to compare write ==", "a single =")
	case '&':
		return faultf(at, "write and", "& is not part of this subset")
	}
	r := []rune(l.text[start:min(start+4, len(l.text))])[0]
	return faultf(at, "put texts in quotes; names are made of letters, digits, _ and -", "unexpected %q", r)
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// wordByte reports whether the byte at i goes on a name: a dot only when a name follows it.
func wordByte(s string, i int) bool {
	c := s[i]
	return letter(c) || digit(c) || c == '-' || c == '.' && i+1 < len(s) && (letter(s[i+1]) || digit(s[i+1]))
}
