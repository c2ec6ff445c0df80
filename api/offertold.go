package api

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// onPage is how pages write a moment; it is by the clock of who reads it.
const onPage = "Mon 2 Jan 2006, 15:04 MST"

// became says what became of an offer, when, and by whom.
func became(p record.OfferPage) string {
	at, who := "", p.OfferName
	if p.DecidedAt != nil {
		at = " on " + p.DecidedAt.Format(onPage)
	}
	if p.DecidedBy != "" {
		who = p.DecidedBy
	}
	switch p.State {
	case "accepted":
		if p.OwnerName != "" && p.OwnerID != p.OfferRep {
			return who + " accepted it" + at + ", and it is with " + p.OwnerName + " now"
		}
		if p.Stage != lifecycle.StageWorking && p.Stage != lifecycle.StageOpportunity {
			return who + " accepted it" + at + "; the lead is " + string(p.Stage) + " now"
		}
		return who + " accepted it" + at
	case "rejected":
		return who + " rejected it" + at + " (" + spoken(p.Reason) + ")" + whereNow(p)
	case "missed":
		return "it was not answered in time" + at + whereNow(p)
	case "withdrawn":
		return "it was withdrawn" + at + whereNow(p)
	}
	if p.Stage != lifecycle.StageHandoff {
		return "the lead is " + string(p.Stage) + " now"
	}
	return "it is offered to " + p.OfferName
}

// whereNow is who has the lead since.
func whereNow(p record.OfferPage) string {
	switch {
	case p.OwnerName != "" && p.Stage == lifecycle.StageHandoff:
		return "; it is offered to " + p.OwnerName + " now"
	case p.OwnerName != "":
		return "; it is with " + p.OwnerName + " now"
	case p.Stage == lifecycle.StageQualified:
		return "; it waits in the queue of its team"
	}
	return "; the lead is " + string(p.Stage) + " now"
}

func capital(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[n:]
}

// spoken writes a code as people read it.
func spoken(code string) string { return strings.ReplaceAll(code, "_", " ") }

// choices are the reasons a decision may give.
func choices(p lifecycle.Policy, k lifecycle.EventKind) (out []option) {
	for _, r := range p.Reasons(k) {
		if r.Retired {
			continue
		}
		title := r.Title
		if title == "" {
			title = capital(spoken(r.Code))
		}
		out = append(out, option{Value: r.Code, Title: title})
	}
	return out
}

// who is the person's name; without one, what is known instead.
func who(profile map[string]any) string {
	name := strings.TrimSpace(textOf(profile["first_name"]) + " " + textOf(profile["last_name"]))
	if name == "" {
		return "Somebody who left no name"
	}
	return name
}

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64, int, int64:
		return fmt.Sprint(v)
	}
	return ""
}

// facts are what is worth reading of a lead before one takes it.
func facts(p record.OfferPage) (out []fact) {
	add := func(name, value string) {
		if value != "" {
			out = append(out, fact{name, value})
		}
	}
	for _, f := range [][2]string{
		{"title", "Title"},
		{"company", "Company"},
		{"industry", "Industry"},
		{"company_size", "Employees"},
		{"city", "City"},
		{"country", "Country"},
		{"phone", "Phone"},
		{"language", "Language"},
	} {
		add(f[1], textOf(p.Profile[f[0]]))
	}
	if p.Email != nil {
		add("Mail", *p.Email)
	}
	from := p.Source.Channel
	if p.Source.Campaign != "" {
		from += ", " + p.Source.Campaign
	}
	add("Came from", strings.TrimPrefix(from, ", "))
	if p.DueAt != nil {
		add("Answer by", p.DueAt.Format(onPage))
	}
	return append(out, fact{"Offered", p.OfferedAt.Format(onPage)})
}
