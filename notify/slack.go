package notify

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// SlackMessage is an alert as a channel of Slack shows it (Block Kit, by an incoming webhook). Its texts are plain: what
// Slack would read as markup, a mention or a link stays as it is written.
type SlackMessage struct {
	Title  string
	Lines  []string
	Points []string // shown as a list below the lines
	Button string   // what the button says; empty: there is none
	URL    string   // where it leads
	Foot   string   // small, below everything
}

// Limits of Block Kit, in characters; a little is left for what escaping adds.
const (
	slackHeader  = 150
	slackSection = 2800
)

type (
	slackText struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		Verbatim bool   `json:"verbatim,omitempty"`
	}
	slackBlock struct {
		Type     string `json:"type"`
		Text     any    `json:"text,omitempty"`
		Elements []any  `json:"elements,omitempty"`
	}
	slackButton struct {
		Type  string    `json:"type"`
		Text  slackText `json:"text"`
		URL   string    `json:"url"`
		Style string    `json:"style"`
	}
)

// JSON is the body of the post.
func (m SlackMessage) JSON() ([]byte, error) {
	title := shortened(m.Title, slackHeader)
	blocks := []slackBlock{{Type: "header", Text: slackText{Type: "plain_text", Text: title}}}
	section := func(text string) {
		if text != "" {
			blocks = append(blocks, slackBlock{Type: "section", Text: slackText{Type: "mrkdwn", Text: text, Verbatim: true}})
		}
	}
	section(joined("", m.Lines))
	section(joined("• ", m.Points))
	if m.Button != "" && m.URL != "" {
		blocks = append(blocks, slackBlock{Type: "actions", Elements: []any{
			slackButton{Type: "button", Text: slackText{Type: "plain_text", Text: m.Button}, URL: m.URL, Style: "primary"},
		}})
	}
	if m.Foot != "" {
		blocks = append(blocks, slackBlock{Type: "context", Elements: []any{slackText{Type: "mrkdwn", Text: literal(m.Foot), Verbatim: true}}})
	}
	return json.Marshal(map[string]any{"text": literal(title), "blocks": blocks}) // text is for notifications and old programs
}

// joined puts texts on lines of their own, as many as there is room for.
func joined(mark string, texts []string) string {
	var b strings.Builder
	for _, t := range texts {
		line := mark + literal(strings.Join(strings.Fields(t), " "))
		if b.Len()+len(line) > slackSection {
			break
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
	}
	return b.String()
}

// literal keeps Slack from reading a text as anything but text: these three characters begin mentions, links and entities, and
// a word joiner keeps marks of formatting from having an end.
func literal(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "*\u2060", "_", "_\u2060", "~", "~\u2060", "`", "`\u2060").Replace(text)
}

func shortened(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
