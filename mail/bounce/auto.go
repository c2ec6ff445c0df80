package bounce

import (
	"regexp"
	"strings"
)

// autoHeaders are what machines that answer for a person said before RFC 3834, and some still do: that they are there is enough.
var autoHeaders = []string{
	"X-Autoreply", "X-Auto-Reply", "X-Autoreply-From", "X-Auto-Reply-From", "X-Autorespond", "X-Autoresponder", "X-Auto-Responder", "X-Mail-Autoreply", "X-Mail-Autoresponder",
	"X-Vacation", "X-Vacation-Reply", "X-Away-Message", "X-MS-Exchange-Generated-Message-Source",
}

// autoSubjects begin the subjects that programs of mail give such answers, by language. A person's answer begins with Re: or what
// it is called there.
var autoSubjects = []string{
	"out of office", "out of the office", "auto:", "auto response", "autoresponse", "auto reply", "autoreply", "auto-reply", "automatic reply", "automatic response", "away from", "vacation",
	"automatische antwort", "abwesenheitsnotiz", "abwesenheit:", "abwesend:", "réponse automatique", "reponse automatique", "absence du bureau", "message d'absence", "respuesta automática", "respuesta automatica",
	"fuera de la oficina", "risposta automatica", "fuori sede", "fuori ufficio", "automatisch antwoord", "afwezig:", "afwezigheid", "resposta automática", "resposta automatica", "ausência temporária", "fora do escritório",
	"autosvar", "automatiskt svar", "automatisk svar", "automaattinen vastaus", "autom. vastaus", "automatyczna odpowiedź", "odpowiedź automatyczna", "automatická odpověď", "automatikus válasz", "răspuns automat", "otomatik yanıt",
	"автоматический ответ", "автоответ", "автоматична відповідь", "自動応答", "自動返信", "自动回复", "自動回覆", "자동 회신", "자동응답",
}

// auto reports an answer of a machine that speaks for a person (RFC 3834), or a receipt (RFC 8098).
func (m *mail) auto() bool {
	h := m.root.header
	submitted := strings.ToLower(h.get("Auto-Submitted"))
	if len(m.delivery) > 0 {
		return false
	}
	from := strings.ToLower(h.get("From"))
	if strings.Contains(from, "mailer-daemon") || strings.Contains(from, "mail delivery") {
		return false
	}
	if m.fromDaemon() { // a postmaster may be a person: it says auto-replied, and gives no code, field or part by which a report could be told from an answer
		return strings.HasPrefix(submitted, "auto-replied") && len(m.originals) == 0 && h.get("X-Failed-Recipients") == "" && !coded.MatchString(m.said())
	}
	if strings.HasPrefix(submitted, "auto-replied") || h.has(autoHeaders...) || h.get("X-Auto-Response-Suppress") != "" && strings.EqualFold(h.get("Precedence"), "auto_reply") || m.receipt {
		return true
	}
	subject := strings.ToLower(words(h.get("Subject")))
	for _, begin := range autoSubjects {
		if strings.HasPrefix(subject, begin) {
			return true
		}
	}
	return false
}

// coded finds a reply code or an enhanced status.
var coded = regexp.MustCompile(`\b[45](?:\d\d[ \-]|\.\d{1,3}\.\d)`)
