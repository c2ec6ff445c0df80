package mail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signed are the headers that are covered. Each is named once more than it occurs, so that nobody can add another
// (RFC 6376, 5.4.2); RFC 8058 wants the two of one-click unsubscribing.
var signed = []string{
	"From", // must be there
	"To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
	"List-Unsubscribe", "List-Unsubscribe-Post",
}

// errLines: relays mend lines that do not end with CRLF, and then no signature holds.
var errLines = errors.New("sign: the mail has a line that does not end with CRLF")

// Sign puts a signature of each key before a mail (CRLF lines): relaxed/relaxed with SHA-256 (RFC 6376, 3.4; RFC 8463). What is hashed
// is read once, however many keys there are. A nil DKIM, or one without keys, changes nothing.
func (d *DKIM) Sign(raw []byte) ([]byte, error) {
	if d == nil || len(d.Keys) == 0 {
		return raw, nil
	}
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok || bytes.HasPrefix(head, []byte("\r\n")) {
		return nil, errors.New("sign: the mail has no header, or no end of it")
	}
	sum, err := bodyHash(body)
	if err != nil {
		return nil, err
	}
	covered, hashed, err := relaxedHead(append(head, "\r\n"...))
	if err != nil {
		return nil, err
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	out := make([]byte, 0, len(raw)+1024*len(d.Keys))
	for _, k := range d.Keys {
		field := signatureField(
			tag{"a", k.algorithm()}, tag{"bh", base64.StdEncoding.EncodeToString(sum[:])}, tag{"c", "relaxed/relaxed"}, tag{"d", d.Domain},
			tag{"h", covered}, tag{"s", k.Selector}, tag{"t", now}, tag{"v", "1"},
		)
		b, err := k.sign(appendRelaxedField(hashed[:len(hashed):len(hashed)], []byte(field+"\r\n b=")))
		if err != nil {
			return nil, fmt.Errorf("sign with the selector %s: %w", k.Selector, err)
		}
		out = append(out, field...)
		out = appendFolded(out, " b="+base64.StdEncoding.EncodeToString(b))
	}
	return append(out, raw...), nil
}

func (k DKIMKey) algorithm() string {
	if _, ok := k.Key.Public().(*rsa.PublicKey); ok {
		return "rsa-sha256"
	}
	return "ed25519-sha256"
}

// sign signs what is covered. Ed25519 signs its SHA-256 as a message of its own (RFC 8463, 3).
func (k DKIMKey) sign(covered []byte) ([]byte, error) {
	hash := sha256.Sum256(covered)
	switch k.Key.Public().(type) {
	case *rsa.PublicKey:
		return k.Key.Sign(rand.Reader, hash[:], crypto.SHA256)
	case ed25519.PublicKey:
		return k.Key.Sign(rand.Reader, hash[:], crypto.Hash(0))
	}
	return nil, fmt.Errorf("a key of type %T", k.Key)
}

type tag struct{ name, value string }

// signatureField writes the header field of a signature but for b=, in lines of at most 75 characters where a tag is no longer.
func signatureField(tags ...tag) string {
	var b strings.Builder
	b.WriteString("DKIM-Signature:")
	line := 0
	for _, t := range tags {
		size := len(" =;") + len(t.name) + len(t.value)
		if line+size > 75 {
			b.WriteString("\r\n")
			line = 0
		}
		b.WriteString(" " + t.name + "=" + t.value + ";")
		line += size
	}
	return b.String()
}

// appendFolded appends the end of a field on lines of its own.
func appendFolded(out []byte, text string) []byte {
	for at := 0; at < len(text); at += 75 {
		if at > 0 {
			out = append(out, "\r\n "...)
		} else {
			out = append(out, "\r\n"...)
		}
		out = append(out, text[at:min(len(text), at+75)]...)
	}
	return append(out, "\r\n"...)
}

// bodyHash is the SHA-256 of a body as it is signed.
func bodyHash(body []byte) (sum [sha256.Size]byte, err error) {
	if !relaxedAlready(body) {
		if body, err = appendRelaxedBody(make([]byte, 0, len(body)+2), body); err != nil {
			return sum, err
		}
	}
	return sha256.Sum256(body), nil
}

// relaxedAlready reports that nothing of a body would change: to look for that is far cheaper, and most mails of ours are so.
func relaxedAlready(body []byte) bool {
	lines := bytes.Count(body, []byte("\n"))
	return len(body) > 2 && bytes.HasSuffix(body, []byte("\r\n")) && !bytes.HasSuffix(body, []byte("\n\r\n")) &&
		bytes.Count(body, []byte("\r")) == lines && bytes.Count(body, []byte("\r\n")) == lines &&
		bytes.IndexByte(body, '\t') < 0 && !bytes.Contains(body, []byte("  ")) && !bytes.Contains(body, []byte(" \r"))
}

// relaxedHead is what is signed of a header, and the names for h=: each once more than it occurs, fields of one name from the last to
// the first (RFC 6376, 5.4.2).
func relaxedHead(head []byte) (names string, hashed []byte, err error) {
	if bytes.Count(head, []byte("\n")) != bytes.Count(head, []byte("\r\n")) || bytes.Count(head, []byte("\r")) != bytes.Count(head, []byte("\n")) {
		return "", nil, errLines
	}
	type field struct {
		name  string
		whole []byte
	}
	fields := make([]field, 0, 24) // the last one first
	hashed = make([]byte, 0, len(head))
	for len(head) > 0 {
		end := fieldEnd(head)
		name, _, _ := bytes.Cut(head[:end], []byte(":"))
		fields = append(fields, field{string(bytes.ToLower(bytes.TrimSpace(name))), head[:end]})
		head = head[end:]
	}
	slices.Reverse(fields)
	var h strings.Builder
	for i, name := range signed {
		if i > 0 {
			h.WriteByte(':')
		}
		h.WriteString(name)
		small := strings.ToLower(name)
		for _, f := range fields {
			if f.name == small {
				hashed = append(appendRelaxedField(hashed, f.whole), "\r\n"...)
				h.WriteByte(':')
				h.WriteString(name)
			}
		}
		if i == 0 && len(hashed) == 0 {
			return "", nil, errors.New("sign: the mail says not who it is from") // RFC 6376, 5.4
		}
	}
	return h.String(), hashed, nil
}

// fieldEnd is where the first field ends: before a line that does not begin with white space.
func fieldEnd(head []byte) int {
	at := 0
	for {
		i := bytes.IndexByte(head[at:], '\n')
		if i < 0 {
			return len(head)
		}
		if at += i + 1; at == len(head) || head[at] != ' ' && head[at] != '\t' {
			return at
		}
	}
}

// appendRelaxedField is RFC 6376, 3.4.2, without the CRLF at its end: a small name, and one blank for all white space between words.
func appendRelaxedField(out, field []byte) []byte {
	name, value, _ := bytes.Cut(field, []byte(":"))
	out = append(out, bytes.ToLower(bytes.TrimSpace(name))...)
	out = append(out, ':')
	gap, begun := false, false
	for _, c := range value {
		switch c {
		case ' ', '\t', '\r', '\n':
			gap = true
		default:
			if gap && begun {
				out = append(out, ' ')
			}
			gap, begun = false, true
			out = append(out, c)
		}
	}
	return out
}

// appendRelaxedBody is RFC 6376, 3.4.4: one blank for white space within lines, none at their ends, no empty lines at the end of all.
func appendRelaxedBody(out, body []byte) ([]byte, error) {
	empty := 0
	for len(body) > 0 {
		line, rest := body, []byte(nil)
		if i := bytes.IndexByte(body, '\n'); i >= 0 {
			if i == 0 || body[i-1] != '\r' {
				return nil, errLines
			}
			line, rest = body[:i-1], body[i+1:]
		}
		if bytes.IndexByte(line, '\r') >= 0 {
			return nil, errLines
		}
		body = rest
		before := len(out)
		for ; empty > 0 && len(bytes.Trim(line, " \t")) > 0; empty-- {
			out = append(out, "\r\n"...)
			before = len(out)
		}
		if out = appendRelaxedLine(out, line); len(out) == before {
			empty++
			continue
		}
		out = append(out, "\r\n"...)
	}
	return out, nil
}

func appendRelaxedLine(out, line []byte) []byte {
	line = bytes.TrimRight(line, " \t")
	if bytes.IndexByte(line, '\t') < 0 && !bytes.Contains(line, []byte("  ")) {
		return append(out, line...)
	}
	for i, c := range line {
		switch {
		case c != ' ' && c != '\t':
			out = append(out, c)
		case line[i+1] != ' ' && line[i+1] != '\t': // the last of them; there is another letter, since none stands at the end
			out = append(out, ' ')
		}
	}
	return out
}
