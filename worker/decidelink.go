package worker

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// decideFor is how long the link of an alert decides. What became of the offer it says longer.
const decideFor = 14 * 24 * time.Hour

// decideLink leads to the page of the offer: of this one offer, for the rep to whom the mail goes. Only a POST there does
// anything. A manager to whom an offer is escalated sees how it stands, and cannot decide for the rep.
func (l *Letters) decideLink(d record.Delivery) ([]mail.AlertLink, error) {
	url, err := l.decideURL(d)
	if err != nil || url == "" {
		return nil, err
	}
	label := "See the lead"
	if openOffer(d.Kind) {
		label = "Accept or reject it"
	}
	return []mail.AlertLink{{Label: label, URL: url}}, nil
}

// openOffer reports whether a kind of alert asks its rep to answer an offer.
func openOffer(kind string) bool { return kind == "offer" || strings.HasPrefix(kind, "reminder") }

func (l *Letters) decideURL(d record.Delivery) (string, error) {
	var told record.AlertPayload
	if d.Kind == kindRetraction || json.Unmarshal(d.Payload, &told) != nil {
		return "", nil
	}
	lead, errLead := uuid.Parse(d.LeadID)
	offer, errOffer := uuid.Parse(d.AssignmentID)
	rep, errRep := uuid.Parse(told.Data.RepID)
	if errLead != nil || errOffer != nil || errRep != nil {
		return "", nil // it is about no offer
	}
	t, err := l.Tokens.Sign(token.Decide, token.Claims{Lead: lead, Other: offer, Step: rep.String(), Expires: d.CreatedAt.Add(decideFor)})
	return l.House.PublicURL + "/d/" + t, err
}

// whyLines are what the score of the offer was made of.
func whyLines(d record.Delivery) (lines []string) {
	var told record.AlertLetter
	if json.Unmarshal(d.Payload, &told) != nil {
		return nil
	}
	for _, w := range told.Whys {
		lines = append(lines, whyLine(w))
	}
	return lines
}

func whyLine(w record.Why) string {
	line := fmt.Sprintf("%+.4g %s", w.Points, w.Text)
	if w.Times > 1 {
		line += fmt.Sprintf(" (%d times)", w.Times)
	}
	return line
}
