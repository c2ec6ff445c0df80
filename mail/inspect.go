package mail

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Bounds of what Inspect finds nothing wrong with.
const (
	clipBytes   = 102 << 10 // Gmail shows no more of the HTML part, and so hides the footer
	mostLinks   = 10        // beside the unsubscribe link
	longSubject = 70        // characters: what most programs show
	littleText  = 100       // characters beside an image
)

// Inspect finds what keeps a rendered mail from the inbox, or from being read. There is no score: filters differ, and
// every finding says what to do.
func Inspect(r Rendered) []record.Finding {
	i := &inspection{mail: r}
	i.read()
	i.subject()
	i.body()
	i.leave()
	return i.found
}

type inspection struct {
	mail   Rendered
	found  []record.Finding
	images int
	links  []shownLink
	words  strings.Builder // what the HTML part shows, but for the head, the preheader and the footer
}

type shownLink struct{ to, text string }

func (i *inspection) add(code string, severe bool, format string, args ...any) {
	i.found = append(i.found, record.Finding{Code: code, Severe: severe, Detail: fmt.Sprintf(format, args...)})
}

// read collects what the HTML part shows of its body.
func (i *inspection) read() {
	z := html.NewTokenizer(strings.NewReader(i.mail.HTML))
	inSheet, inLink := false, false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			text := string(z.Text())
			if inSheet {
				i.words.WriteString(text)
			}
			if inLink {
				i.links[len(i.links)-1].text += text
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "a" {
				inLink = false
			}
		case html.StartTagToken:
			token := z.Token()
			switch class := attribute(token, "class"); {
			case strings.HasPrefix(class, "lf-sheet"):
				inSheet = true
			case strings.HasPrefix(class, "lf-foot"):
				inSheet = false
			}
			switch token.Data {
			case "img":
				i.images++
			case "a":
				inLink = inSheet
				if inSheet {
					i.links = append(i.links, shownLink{to: attribute(token, "href")})
				}
			}
		default:
		}
	}
}

func attribute(token html.Token, key string) string {
	for _, a := range token.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

var shouts = regexp.MustCompile(`[!?]{2,}|[$€£]{2,}`)

func (i *inspection) subject() {
	subject := i.mail.Subject
	if n := utf8.RuneCountInString(subject); n > longSubject {
		i.add("subject_long", false, "the subject has %d characters: most programs show no more than %d", n, longSubject)
	}
	letters, small := 0, 0
	for _, r := range subject {
		if unicode.IsLetter(r) {
			letters++
		}
		if unicode.IsLetter(r) && !unicode.IsUpper(r) {
			small++
		}
	}
	if letters >= 6 && small*3 < letters {
		i.add("subject_caps", false, "the subject is in capitals: filters take that for advertising")
	}
	if shouts.MatchString(subject) {
		i.add("subject_shouts", false, "the subject has !! or the like: filters take that for advertising")
	}
	if i.mail.Preheader == "" {
		i.add("no_preheader", false, "there is no preheader: mailboxes show the beginning of the text beside the subject")
	}
}

func (i *inspection) body() {
	if n := len(i.mail.HTML); n > clipBytes {
		i.add("clipped", true, "the HTML part has %d kB: Gmail shows the first 102 kB and hides the unsubscribe link", n>>10)
	}
	plain, _, _ := strings.Cut(i.mail.Text, "\n-- \n")
	if strings.TrimSpace(plain) == "" {
		i.add("no_text", true, "the text part is empty: some programs, and filters, read only that")
	}
	if n := utf8.RuneCountInString(strings.Join(strings.Fields(i.words.String()), " ")); i.images > 0 && n < littleText {
		i.add("image_only", false, "there are images and only %d characters of text: filters cannot read it, and neither can who has images off", n)
	}
	if n := len(i.links); n > mostLinks {
		i.add("many_links", false, "there are %d links: more than %d look like advertising, and one is followed most", n, mostLinks)
	}
	for _, link := range i.links {
		if shown, host := hostShown(link.text), hostOf(link.to); shown != "" && host != "" && shown != host {
			i.add("link_mismatch", true, "a link shows %s and leads to %s: filters take that for phishing", shown, host)
		}
	}
}

func (i *inspection) leave() {
	head, _, _ := strings.Cut(string(i.mail.Raw), "\r\n\r\n")
	if !strings.Contains(head, "\r\nList-Unsubscribe:") || !strings.Contains(i.mail.HTML, ">Unsubscribe</a>") || !strings.Contains(i.mail.Text, "\nUnsubscribe: ") {
		i.add("no_unsubscribe", true, "there is no way to unsubscribe")
	}
}

var hostForm = regexp.MustCompile(`^(?i:https?://)?((?:[\pL\pN-]+\.)+\pL{2,})(?:[:/?#]\S*)?$`)

// hostShown is the host that a link's text pretends to lead to, or "".
func hostShown(text string) string {
	m := hostForm.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return ""
	}
	return bareHost(m[1])
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return bareHost(u.Hostname())
}

func bareHost(host string) string {
	return strings.TrimPrefix(strings.ToLower(host), "www.")
}
