package mail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Sign puts a signature of each key before a mail (CRLF lines), relaxed/relaxed (RFC 6376, 3.4). A nil DKIM, or one without
// keys, changes nothing.
//
// The signatures are those of go-msgauth to the byte, which a test holds. That one reads a mail through a pipe, byte by byte
// and once for each key; here the body is hashed once, as it is where it is canonical already.
func (d *DKIM) Sign(raw []byte) ([]byte, error) {
	if d == nil || len(d.Keys) == 0 {
		return raw, nil
	}
	return d.sign(raw, time.Now())
}

func (d *DKIM) sign(raw []byte, now time.Time) ([]byte, error) {
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	covered, names := coveredIn(head)
	sum := sha256.Sum256(relaxBody(body))
	hash := base64.StdEncoding.EncodeToString(sum[:])
	out := make([]byte, 0, len(raw)+1024*len(d.Keys))
	for _, k := range d.Keys {
		algorithm, of := "ed25519-sha256", crypto.Hash(0) // RFC 8463 signs the hash as if it were the message
		switch k.Key.Public().(type) {
		case ed25519.PublicKey:
		case *rsa.PublicKey:
			algorithm, of = "rsa-sha256", crypto.SHA256
		default:
			return nil, fmt.Errorf("sign with the selector %s: DKIM knows no key of type %T", k.Selector, k.Key)
		}
		field := "DKIM-Signature:" + tags("a="+algorithm, "bh="+hash, "c=relaxed/relaxed", "d="+d.Domain, "h="+names, "s="+k.Selector,
			"t="+strconv.FormatInt(now.Unix(), 10), "v=1") + "\r\n b="
		what := relaxField(covered[:len(covered):len(covered)], []byte(field))
		sum := sha256.Sum256(what[:len(what)-2]) // its own line has no end
		signature, err := k.Key.Sign(rand.Reader, sum[:], of)
		if err != nil {
			return nil, fmt.Errorf("sign with the selector %s: %w", k.Selector, err)
		}
		out = folded(append(out, field[:len(field)-3]...), " b="+base64.StdEncoding.EncodeToString(signature))
	}
	return append(out, raw...), nil
}

// tags are the tags of a signature in lines of at most 75 characters, where one does not have more by itself.
func tags(all ...string) string {
	var b strings.Builder
	line := 0
	for _, tag := range all {
		if line+2+len(tag) > 75 {
			b.WriteString("\r\n")
			line = 0
		}
		b.WriteString(" " + tag + ";")
		line += 2 + len(tag)
	}
	return b.String()
}

// folded appends a text in lines of 75 characters.
func folded(out []byte, text string) []byte {
	for ; len(text) > 75; text = text[75:] {
		out = append(append(out, text[:75]...), "\r\n "...)
	}
	return append(append(out, text...), "\r\n"...)
}

// coveredIn gives the headers to sign in their relaxed form, the last of a name first (RFC 6376, 5.4.2), and their names,
// each once more than it occurs.
func coveredIn(head []byte) (covered []byte, names string) {
	fields := fieldsOf(head)
	covered = make([]byte, 0, len(head)+1024) // the signature's own field comes after
	var b strings.Builder
	for _, name := range signed {
		b.WriteString(":" + name)
		for i := len(fields) - 1; i >= 0; i-- {
			if found, _, _ := bytes.Cut(fields[i], []byte(":")); strings.EqualFold(strings.TrimRight(string(found), " \t"), name) {
				covered = relaxField(covered, fields[i])
				b.WriteString(":" + name)
			}
		}
	}
	return covered, b.String()[1:]
}

// fieldsOf cuts a header into its fields, with the lines they are continued on.
func fieldsOf(head []byte) (fields [][]byte) {
	from := 0
	for i := 0; i < len(head); i++ {
		if head[i] == '\n' && i+1 < len(head) && head[i+1] != ' ' && head[i+1] != '\t' {
			fields, from = append(fields, head[from:i+1]), i+1
		}
	}
	return append(fields, head[from:])
}

// relaxField appends a field as RFC 6376, 3.4.2 has it: the name in lower case, white space as one space, none around it.
func relaxField(out, field []byte) []byte {
	name, value, _ := bytes.Cut(field, []byte(":"))
	out = append(append(out, bytes.ToLower(bytes.TrimSpace(name))...), ':')
	gap, begun := false, false
	for _, c := range value {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			gap = begun
			continue
		}
		if gap {
			out, gap = append(out, ' '), false
		}
		out, begun = append(out, c), true
	}
	return append(out, '\r', '\n')
}

// relaxBody is a body as RFC 6376, 3.4.4 has it: white space as one space, none at the end of a line, no empty lines at the
// end. Of what is encoded as quoted-printable that is the body itself, but for its end.
func relaxBody(body []byte) []byte {
	if bytes.Contains(body, []byte("  ")) || bytes.IndexByte(body, '\t') >= 0 || bytes.Contains(body, []byte(" \r\n")) || bytes.HasSuffix(body, []byte(" ")) {
		body = relaxLines(body)
	}
	end := len(body)
	for end >= 2 && body[end-2] == '\r' && body[end-1] == '\n' {
		end -= 2
	}
	switch {
	case end == 0:
		return nil
	case end < len(body):
		return body[:end+2]
	}
	return append(body[:end:end], '\r', '\n')
}

func relaxLines(body []byte) []byte {
	out := make([]byte, 0, len(body))
	gap := false
	for _, c := range body {
		switch {
		case c == ' ' || c == '\t':
			gap = true
			continue
		case c == '\r' || c == '\n':
		case gap:
			out = append(out, ' ')
		}
		out, gap = append(out, c), false
	}
	return out
}
