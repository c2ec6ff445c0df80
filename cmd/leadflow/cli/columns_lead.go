package cli

import (
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

var leadColumns = []column[record.Lead]{
	{"id", func(l record.Lead) any { return l.ID }},
	{"email", func(l record.Lead) any { return l.Email }},
	{"name", func(l record.Lead) any { return fullName(l) }},
	{"company", func(l record.Lead) any { return profile(l, "company") }},
	{"stage", func(l record.Lead) any { return stage(l) }},
	{"score", func(l record.Lead) any { return l.Score }},
	{"band", func(l record.Lead) any { return l.Band }},
	{"grade", func(l record.Lead) any { return l.Grade }},
	{"cycle", func(l record.Lead) any { return l.Cycle }},
	{"accept_by", func(l record.Lead) any { return dueOf(l.SLA) }},
	{"updated", func(l record.Lead) any { return l.UpdatedAt }},
}

var leadDetails = []column[record.Lead]{
	{"id", func(l record.Lead) any { return l.ID }},
	{"email", func(l record.Lead) any { return l.Email }},
	{"external_id", func(l record.Lead) any { return l.ExternalID }},
	{"name", func(l record.Lead) any { return fullName(l) }},
	{"title", func(l record.Lead) any { return profile(l, "title") }},
	{"company", func(l record.Lead) any { return profile(l, "company") }},
	{"country", func(l record.Lead) any { return profile(l, "country") }},
	{"source", func(l record.Lead) any { return l.Source.Channel }},
	{"campaign", func(l record.Lead) any { return l.Source.Campaign }},
	{"stage", func(l record.Lead) any { return stage(l) }},
	{"cycle", func(l record.Lead) any { return l.Cycle }},
	{"cycle_started", func(l record.Lead) any { return l.CycleStartedAt }},
	{"score", func(l record.Lead) any { return l.Score }},
	{"fit", func(l record.Lead) any { return l.Fit }},
	{"engagement", func(l record.Lead) any { return l.Engagement }},
	{"band", func(l record.Lead) any { return l.Band }},
	{"grade", func(l record.Lead) any { return l.Grade }},
	{"mql", func(l record.Lead) any { return l.MQLAt }},
	{"owner", func(l record.Lead) any { return l.Owner }},
	{"assignment", func(l record.Lead) any { return assignment(l) }},
	{"accept_by", func(l record.Lead) any { return dueOf(l.SLA) }},
	{"sla", func(l record.Lead) any { return string(l.SLA.State) }},
	{"mail", func(l record.Lead) any { return l.Mail.State }},
	{"workflow_id", func(l record.Lead) any { return l.WorkflowID }},
	{"merged_into", func(l record.Lead) any { return l.MergedInto }},
	{"created", func(l record.Lead) any { return l.CreatedAt }},
	{"updated", func(l record.Lead) any { return l.UpdatedAt }},
}

func fullName(l record.Lead) string {
	return strings.TrimSpace(profile(l, "first_name") + " " + profile(l, "last_name"))
}

func profile(l record.Lead, field string) string {
	s, _ := l.Profile[field].(string)
	return s
}

func stage(l record.Lead) string {
	if l.Paused {
		return string(l.Stage) + " (paused)"
	}
	return string(l.Stage)
}

func assignment(l record.Lead) string {
	if l.Assignment == nil {
		return ""
	}
	return l.Assignment.ID
}

// dueOf is the accept deadline while somebody is waited for.
func dueOf(s record.SLA) any {
	if s.State == "met" || s.State == "none" {
		return ""
	}
	return due{s.DueAt}
}

var timelineColumns = []column[record.TimelineItem]{
	{"at", func(i record.TimelineItem) any { return at(i.At) }},
	{"what", func(i record.TimelineItem) any { return i.Kind }},
	{"from", func(i record.TimelineItem) any { return i.From }},
	{"to", func(i record.TimelineItem) any { return i.To }},
	{"who", func(i record.TimelineItem) any { return strings.TrimSpace(i.Actor.Type + " " + i.Actor.ID) }},
	{"why", func(i record.TimelineItem) any { return i.Why }},
	{"cycle", func(i record.TimelineItem) any { return i.Cycle }},
}

var scoreColumns = []column[scoring.Item]{
	{"points", func(i scoring.Item) any { return i.Points }},
	{"raw", func(i scoring.Item) any { return i.Raw }},
	{"axis", func(i scoring.Item) any { return i.Axis }},
	{"rule", func(i scoring.Item) any { return i.Rule }},
	{"when", func(i scoring.Item) any { return i.OccurredAt }},
	{"why", func(i scoring.Item) any { return i.Why }},
}

var noteColumns = []column[record.Note]{
	{"id", func(n record.Note) any { return n.ID }},
	{"lead_id", func(n record.Note) any { return n.LeadID }},
	{"at", func(n record.Note) any { return at(n.At) }},
	{"rep_id", func(n record.Note) any { return n.RepID }},
	{"text", func(n record.Note) any { return n.Text }},
}
