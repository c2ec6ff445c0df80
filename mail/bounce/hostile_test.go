package bounce

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Input made to take time or memory is read in linear time: this test ends, and what it answers is bounded.
func TestHostileInput(t *testing.T) {
	const size = limit
	fill := func(head, unit string) []byte {
		return append([]byte(head), bytes.Repeat([]byte(unit), size/len(unit))...)
	}
	nested := strings.Builder{}
	for range 5000 {
		nested.WriteString("Content-Type: multipart/mixed; boundary=bbbbbbbb\n\n--bbbbbbbb\n")
	}
	const daemon = "From: MAILER-DAEMON@a.example\nSubject: failure\n"
	for name, raw := range map[string][]byte{
		"nothing":             nil,
		"deep":                []byte(nested.String()),
		"many parts":          fill("Content-Type: multipart/mixed; boundary=bbbbbbbb\n\n", "--bbbbbbbb\n\nx\n"),
		"one folded field":    fill("Subject: x\n", " x\n"),
		"many fields":         fill("", "a: b\n"),
		"many recipients":     fill(daemon+"Content-Type: message/delivery-status\n\n", "Final-Recipient: rfc822;a@b.example\nAction: failed\nStatus: 5.1.1\n\n"),
		"many in words":       fill(daemon+"\n", "<a@b.example>:\n"),
		"marks":               fill(daemon+"\n", " return-path:"),
		"one endless address": fill(daemon+"\n<", "a.b@c."),
		"words and words":     fill(daemon+"\n<a@b.example>: ", "mailbox account address recipient user "),
		"braces":              fill(daemon+"\n", "{"),
		"brackets in JSON":    fill(daemon+"\n{\"a\":", "["),
		"base64":              fill(daemon+"Content-Transfer-Encoding: base64\n\n", "AAAA"),
		"transcript":          fill(daemon+"\n", ">>> DATA\n<<< 550 <a@b.example>\n"),
	} {
		r := Read(raw)
		require.LessOrEqual(t, len(r.Recipients), mostRecipients, name)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "\n\n", "From: MAILER-DAEMON\n\n<a@b.example>: 550 5.1.1 user unknown",
		"Content-Type: multipart/report; boundary=\"x\"\n\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n--x--",
		"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: a@b.example\n--x\nContent-Type: message/rfc822\n\nTo: a@b.example\n",
		`{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"a@b.example"}]}}`,
		"Subject: =?utf-8?q?=ff?=\nContent-Type: text/html; charset=iso-2022-jp\n\n\x1b$B",
	} {
		f.Add([]byte(seed))
	}
	files, _ := filepath.Glob(filepath.Join(corpus, "maildir", "dos", "*.eml"))
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil && len(raw) < 8<<10 {
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := Read(raw)
		if len(r.Recipients) > mostRecipients {
			t.Fatalf("%d recipients", len(r.Recipients))
		}
		if r.Kind == Failed && len(r.Recipients) == 0 {
			t.Fatal("a bounce of nobody")
		}
		ReadSES(raw)
	})
}
