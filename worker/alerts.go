package worker

import (
	"encoding/json"
	"fmt"
	netmail "net/mail"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
)

// subjects of alerts by kind. They hold no name: subjects show on locked screens.
var subjects = map[string]string{
	"offer":           "A lead is offered to you",
	"assigned":        "A lead was given to you",
	"reminder":        "Reminder: a lead waits for your answer",
	"escalation":      "Escalation: a lead was not accepted in time",
	"offer_withdrawn": "A lead is no longer offered to you",
	"idle_owner":      "A lead of yours lies idle",
	"idle_manager":    "A lead of your team lies idle",
	"first_touch":     "First contact is due",

	"first_touch_reminder":   "Reminder: first contact is due soon",
	"first_touch_escalation": "Escalation: nobody has been in contact with a lead",
	"idle_reminder":          "Reminder: a lead of yours will soon count as idle",
	"idle_escalation":        "Escalation: a lead lies idle",

	"queue": "A lead waits in the queue of your team",

	"sequence":          "A lead came to a step at which you wanted to hear of it",
	record.AlertReply:   "A lead answered a mail",
	record.AlertMeeting: "A meeting with a lead of yours was booked",
	kindRetraction:      "Taken back: a lead is not ready after all",
}

func (l *Letters) alert(d record.Delivery) (mail.Rendered, error) {
	subject := subjectOf(d.Kind)
	lines := []string{"Hello " + firstOf(d.ToName) + ","}
	if d.Lead != nil {
		lines = append(lines, leadLines(d.Lead)...)
	}
	points, after := whyLines(d), howTo(d)
	if len(points) == 0 {
		lines, after = append(lines, after...), nil
	}
	links, err := l.decideLink(d)
	if err != nil {
		return mail.Rendered{}, err
	}
	return l.Composer.ComposeAlert(mail.Alert{
		From: l.House.From, To: netmail.Address{Name: d.ToName, Address: d.To},
		Subject: subject, Lines: lines, Points: points, After: after, Links: links, Brand: l.House.Brand, MessageID: messageID(d) + "@" + domainOf(l.House.From.Address),
		ReturnPath: l.House.From.Address, Date: d.CreatedAt,
		Headers: map[string]string{"X-Leadflow-Lead": d.LeadID, "X-Leadflow-Assignment": d.AssignmentID, "X-Leadflow-Kind": d.Kind},
	})
}

// leadLines say who it is and how hot.
func leadLines(lead *record.Lead) []string {
	who := strings.TrimSpace(text(lead.Profile["first_name"]) + " " + text(lead.Profile["last_name"]))
	if who == "" {
		who = "Somebody"
	}
	if title := text(lead.Profile["title"]); title != "" {
		who += ", " + title
	}
	if company := text(lead.Profile["company"]); company != "" {
		who += " at " + company
	}
	lines := []string{who + "."}
	if lead.Email != nil {
		lines = append(lines, "Address: "+*lead.Email)
	}
	return append(lines, fmt.Sprintf("Score %d (%s), fit grade %s.", lead.Score, lead.Band, lead.Grade))
}

// howTo says why, until when, and how to answer. The deadline is the one of the transaction that decided: the lead's row may not
// know it yet.
func howTo(d record.Delivery) []string {
	if d.Kind == kindRetraction {
		return retracted(d)
	}
	var lines []string
	var told record.AlertPayload
	known := json.Unmarshal(d.Payload, &told) == nil
	if known && told.Data.Sequence != "" {
		if told.Data.Message != "" {
			lines = append(lines, told.Data.Message)
		}
		return append(lines, fmt.Sprintf("Sequence %s, step %s. Lead %s.", told.Data.Sequence, told.Data.Step, d.LeadID))
	}
	if d.Kind == record.AlertMeeting {
		lines = append(lines, meetingLine(d, told.Data))
	}
	if known && told.Data.DueAt != nil {
		until := "Accept or reject it by "
		if d.Kind == "escalation" {
			until = "It was to be accepted by "
		}
		lines = append(lines, until+onClock(d, *told.Data.DueAt)+".")
	}
	if d.Kind == record.AlertReply {
		return answerLines(d)
	}
	if known && told.Data.WasDue != nil {
		lines = append(lines, fmt.Sprintf("This comes %s late: it was due on %s, and Leadflow could not tell you then.",
			told.Data.LateBy, onClock(d, *told.Data.WasDue)))
	}
	if d.Kind == "queue" {
		return append(lines, "Nobody has it, and any rep of the team may take it: leadflow lead accept "+d.LeadID)
	}
	which := fmt.Sprintf("Lead %s, offer %s.", d.LeadID, d.AssignmentID)
	if d.Kind == "offer" || d.Kind == "reminder" {
		which += " Answer with: leadflow lead accept " + d.LeadID
	}
	return append(lines, which)
}

// meetingLine says when the meeting is, as far as that is known.
func meetingLine(d record.Delivery, told record.AlertData) string {
	if told.StartsAt == nil {
		return "A meeting was booked. It counts as first contact."
	}
	return "A meeting was booked for " + onClock(d, *told.StartsAt) + ". It counts as first contact."
}

// answerLines are what the lead wrote, line by line.
func answerLines(d record.Delivery) []string {
	lines := []string{"The nurture mails of its sequence end here; what follows is yours. They wrote:"}
	var told record.AlertLetter
	if json.Unmarshal(d.Payload, &told) != nil || told.Text == "" {
		return []string{"They answered without a text that could be read. Lead " + d.LeadID + "."}
	}
	for line := range strings.Lines(told.Text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return append(lines, "Lead "+d.LeadID+".")
}

func firstOf(name string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(name), " ")
	if first == "" {
		return "there"
	}
	return first
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return ""
}
