package cli

import (
	"fmt"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var inboxColumns = []column[record.InboxItem]{
	{"lead_id", func(i record.InboxItem) any { return i.LeadID }},
	{"accept_by", func(i record.InboxItem) any { return dueOf(i.SLA) }},
	{"stage", func(i record.InboxItem) any { return string(i.Stage) }},
	{"score", func(i record.InboxItem) any { return i.Score }},
	{"band", func(i record.InboxItem) any { return i.Band }},
	{"offered", func(i record.InboxItem) any { return i.OfferedAt }},
	{"rep_id", func(i record.InboxItem) any { return i.RepID }},
	{"reasons", func(i record.InboxItem) any { return i.Reasons }},
}

var mailColumns = []column[record.Mail]{
	{"id", func(m record.Mail) any { return m.ID }},
	{"lead_id", func(m record.Mail) any { return m.LeadID }},
	{"kind", func(m record.Mail) any { return m.Kind }},
	{"step", func(m record.Mail) any { return m.Step }},
	{"state", func(m record.Mail) any { return m.State }},
	{"code", func(m record.Mail) any { return m.Code }},
	{"attempts", func(m record.Mail) any { return m.Attempts }},
	{"created", func(m record.Mail) any { return m.CreatedAt }},
	{"data_at", func(m record.Mail) any { return m.SendingAt }},
	{"sent", func(m record.Mail) any { return m.SentAt }},
	{"decided", func(m record.Mail) any { return m.Decided }},
}

var repColumns = []column[record.Rep]{
	{"id", func(r record.Rep) any { return r.ID }},
	{"name", func(r record.Rep) any { return r.Name }},
	{"email", func(r record.Rep) any { return r.Email }},
	{"team_id", func(r record.Rep) any { return r.TeamID }},
	{"time_zone", func(r record.Rep) any { return r.TimeZone }},
	{"calendar_id", func(r record.Rep) any { return r.CalendarID }},
	{"capacity", func(r record.Rep) any { return r.Capacity }},
	{"active", func(r record.Rep) any { return r.Active }},
	{"weight", func(r record.Rep) any { return r.Weight }},
	{"per_day", func(r record.Rep) any { return r.PerDay }},
	{"tags", func(r record.Rep) any { return r.Tags }},
	{"languages", func(r record.Rep) any { return r.Languages }},
	{"territories", func(r record.Rep) any { return r.Territories }},
}

var teamColumns = []column[record.Team]{
	{"id", func(r record.Team) any { return r.ID }},
	{"name", func(r record.Team) any { return r.Name }},
	{"manager_id", func(r record.Team) any { return r.ManagerID }},
	{"calendar_id", func(r record.Team) any { return r.CalendarID }},
}

var calendarColumns = []column[record.Calendar]{
	{"id", func(c record.Calendar) any { return c.ID }},
	{"name", func(c record.Calendar) any { return c.Name }},
	{"time_zone", func(c record.Calendar) any { return c.Spec.TimeZone }},
	{"open_days", func(c record.Calendar) any { return openDays(c) }},
	{"holidays", func(c record.Calendar) any { return len(c.Spec.Holidays) }},
}

// openDays are the weekdays with hours, in order.
func openDays(c record.Calendar) []string {
	var days []string
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		if len(c.Spec.Weekly[day]) > 0 {
			days = append(days, day)
		}
	}
	return days
}

var modelColumns = []column[record.Model]{
	{"version", func(m record.Model) any { return m.Version }},
	{"state", func(m record.Model) any { return m.State }},
	{"author", func(m record.Model) any { return m.Author }},
	{"created", func(m record.Model) any { return m.CreatedAt }},
	{"published", func(m record.Model) any { return m.PublishedAt }},
	{"scored", func(m record.Model) any { return scoredBy(m.Rescoring) }},
	{"note", func(m record.Model) any { return m.Note }},
}

var sequenceColumns = []column[record.Sequence]{
	{"name", func(s record.Sequence) any { return s.Name }},
	{"version", func(s record.Sequence) any { return s.Version }},
	{"state", func(s record.Sequence) any { return s.State }},
	{"default", func(s record.Sequence) any { return s.Default }},
	{"created", func(s record.Sequence) any { return s.CreatedAt }},
	{"published", func(s record.Sequence) any { return s.PublishedAt }},
}

var policyColumns = []column[record.Policy]{
	{"id", func(p record.Policy) any { return p.ID }},
	{"name", func(p record.Policy) any { return p.Name }},
	{"active", func(p record.Policy) any { return p.Active }},
}

var webhookColumns = []column[record.Webhook]{
	{"id", func(w record.Webhook) any { return w.ID }},
	{"url", func(w record.Webhook) any { return w.URL }},
	{"kinds", func(w record.Webhook) any { return w.Kinds }},
	{"active", func(w record.Webhook) any { return w.Active }},
	{"format", func(w record.Webhook) any { return w.Format }},
	{"disabled", func(w record.Webhook) any { return w.Disabled }},
	{"secret", func(w record.Webhook) any { return w.Secret }},
}

var keyColumns = []column[record.Key]{
	{"id", func(k record.Key) any { return k.ID }},
	{"name", func(k record.Key) any { return k.Name }},
	{"role", func(k record.Key) any { return k.Role }},
	{"prefix", func(k record.Key) any { return k.Prefix }},
	{"origins", func(k record.Key) any { return k.Origins }},
	{"created", func(k record.Key) any { return k.CreatedAt }},
	{"last_used", func(k record.Key) any { return k.LastUsedAt }},
	{"revoked", func(k record.Key) any { return k.RevokedAt }},
}

// scoredBy is how many leads a version has reached, of how many.
func scoredBy(r *record.Rescoring) any {
	if r == nil || r.Total == nil {
		return nil
	}
	return fmt.Sprintf("%d of %d", r.Done, *r.Total)
}
