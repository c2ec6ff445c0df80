package worker

import (
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/notify"
)

const channelSlack = "slack"

// slack writes an alert for a channel of Slack: what its mail says, shorter. The link decides as its rep, so only a channel of
// that rep has it.
func (l *Letters) slack(d record.Delivery) ([]byte, error) {
	m := notify.SlackMessage{Title: subjectOf(d.Kind), Points: whyLines(d), Foot: "Lead " + d.LeadID}
	if d.ToName != "" && (d.Webhook.RepID == nil || *d.Webhook.RepID != d.RepID) {
		m.Lines = append(m.Lines, "For "+d.ToName+".")
		m.Title = strings.NewReplacer("offered to you", "offered", "given to you", "given to somebody", "of yours", "of ours").Replace(m.Title)
	}
	if d.Lead != nil {
		m.Lines = append(m.Lines, leadLines(d.Lead)...)
	}
	for _, line := range howTo(d) {
		if !strings.HasPrefix(line, "Lead "+d.LeadID) {
			m.Lines = append(m.Lines, line)
		}
	}
	if d.Webhook.RepID == nil || *d.Webhook.RepID != d.RepID {
		return m.JSON()
	}
	url, err := l.decideURL(d)
	if err != nil {
		return nil, err
	}
	m.Button, m.URL = "See the lead", url
	if openOffer(d.Kind) {
		m.Button = "Accept or reject it"
	}
	return m.JSON()
}

func subjectOf(kind string) string {
	if s, ok := subjects[kind]; ok {
		return s
	}
	return "About a lead: " + strings.ReplaceAll(kind, "_", " ")
}
