package bounce

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"regexp"
	"strings"

	"golang.org/x/net/html/charset"
)

// part is a mail or a part of one, taken apart as far as it goes. Whoever writes reports does not always read the standards:
// what is missing or wrong is passed over, never an error.
type part struct {
	header fields
	kind   string // media type, lower case
	body   []byte // decoded, in UTF-8 where it is text
	parts  []part
}

// deepest is how far parts may lie within each other, and most how many there may be.
const (
	deepest = 8
	most    = 200
)

// taken apart.
func readPart(raw []byte, depth int, left *int) part {
	head, body := split(raw)
	p := part{header: readFields(head)}
	kind, params, err := mime.ParseMediaType(p.header.get("Content-Type"))
	if err != nil || kind == "" {
		kind, params = looseType(p.header.get("Content-Type"))
	}
	p.kind = kind
	*left--
	if depth < deepest && *left > 0 && strings.HasPrefix(kind, "multipart/") {
		inner := pieces(body, params["boundary"])
		if len(inner) == 0 {
			inner = pieces(body, guessed(body))
		}
		for _, one := range inner {
			if *left > 0 {
				p.parts = append(p.parts, readPart(one, depth+1, left))
			}
		}
		if len(p.parts) > 0 {
			return p
		}
		p.kind = "text/plain" // it is not what it says to be: then it is words
	}
	p.body = decoded(body, p.header.get("Content-Transfer-Encoding"), params["charset"], kind)
	return p
}

// looseType reads a media type that the standard library refuses: a parameter twice, an odd character.
func looseType(text string) (kind string, params map[string]string) {
	params = map[string]string{}
	for i, field := range strings.Split(text, ";") {
		field = strings.TrimSpace(field)
		if i == 0 {
			kind = strings.ToLower(field)
			continue
		}
		name, value, _ := strings.Cut(field, "=")
		if name = strings.ToLower(strings.TrimSpace(name)); params[name] == "" {
			params[name] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	if kind == "" {
		kind = "text/plain"
	}
	return kind, params
}

// split cuts the header off.
func split(raw []byte) (head, body []byte) {
	if bytes.HasPrefix(raw, []byte("\n")) {
		return nil, raw[1:]
	}
	if i := bytes.Index(raw, []byte("\n\n")); i >= 0 {
		return raw[:i+1], raw[i+2:]
	}
	return raw, nil
}

var partBegins = regexp.MustCompile(`(?m)^--(.{8,70}?)[ \t]*\nContent-[A-Za-z]+:`)

// guessed is a boundary as the body has it: the header may name another, where somebody rewrote one of them.
func guessed(body []byte) string {
	if found := partBegins.FindSubmatch(body); found != nil {
		return string(found[1])
	}
	return ""
}

// pieces cuts a multipart body at its boundary. The last line may be missing.
func pieces(body []byte, boundary string) [][]byte {
	if boundary == "" {
		return nil
	}
	var out [][]byte
	mark := "--" + boundary
	var from int
	inside := false
	for at := 0; at < len(body); {
		end := bytes.IndexByte(body[at:], '\n')
		next := at + end + 1
		if end < 0 {
			next = len(body)
		}
		line := strings.TrimRight(string(body[at:next]), " \t\n")
		if line == mark || line == mark+"--" {
			if inside {
				out = append(out, body[from:at])
			}
			inside, from = line == mark, next
		}
		at = next
	}
	if inside {
		out = append(out, body[from:])
	}
	return out
}

// decoded is a body without its encodings; what cannot be decoded stays as far as it went.
func decoded(body []byte, encoding, set, kind string) []byte {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		body, _ = io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(body)))
	case "quoted-printable":
		body, _ = io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body)))
	}
	if set == "" || !strings.HasPrefix(kind, "text/") {
		return body
	}
	if e, _ := charset.Lookup(set); e != nil {
		if text, err := e.NewDecoder().Bytes(body); err == nil {
			return text
		}
	}
	return body
}

// walk visits a part and all within it, in order, until it is answered false.
func (p *part) walk(visit func(*part) bool) bool {
	if !visit(p) {
		return false
	}
	for i := range p.parts {
		if !p.parts[i].walk(visit) {
			return false
		}
	}
	return true
}
