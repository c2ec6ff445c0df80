package bounce

import (
	"regexp"
	"strings"
	"unicode"
)

// mostWritten bounds the text of an answer, in characters.
const mostWritten = 8000

// Where an answer's own words end and the quoted mail begins: as mail programs write it, in the languages that are common.
var quoteBegins = regexp.MustCompile(`(?m)^\s*(?:` +
	`(?:On|Am|Le|El|Il|Op|Em|W dniu|Den)\b[^\n]{4,200}(?:\n[^\n]{1,200})?(?:wrote|schrieb[^\n]{0,80}|a écrit|escribió|ha scritto|schreef[^\n]{0,80}|escreveu|napisał[^\n]{0,80}|skrev[^\n]{0,80})\s*:` +
	`|-{2,}\s*(?:Original Message|Ursprüngliche Nachricht|Original-Nachricht|Message d'origine|Mensaje original|Messaggio originale)\s*-{2,}` +
	`|_{20,}\s*$` +
	`|(?:From|Von|De|Da):[^\n]+\n(?:[^\n]+\n){0,2}(?:Sent|Date|Gesendet|Datum|Envoyé|Enviado|Inviato):)`)

// written is what the writer of an answer wrote, without what it quotes; plain text, at most mostWritten characters.
func (m *mail) written() string {
	var text string
	for _, p := range m.texts {
		if p.kind == "text/plain" {
			text = string(p.body[:min(len(p.body), mostSaid)])
			break
		}
		if text == "" && p.kind == "text/html" {
			text = stripped(string(p.body[:min(len(p.body), mostSaid)]))
		}
	}
	if at := quoteBegins.FindStringIndex(text); at != nil && strings.TrimSpace(text[:at[0]]) != "" {
		text = text[:at[0]]
	}
	var kept []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRightFunc(plainLine(line), unicode.IsSpace); !strings.HasPrefix(line, ">") {
			kept = append(kept, line)
		}
	}
	text = strings.TrimSpace(blank.ReplaceAllString(strings.Join(kept, "\n"), "\n\n"))
	if all := []rune(text); len(all) > mostWritten {
		text = string(all[:mostWritten])
	}
	return text
}

var blank = regexp.MustCompile(`\n{3,}`)

// plainLine is a line that any store and terminal takes.
func plainLine(line string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(line, ""))
}
