package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/life"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

// ByID is the input of routes about one thing. Exported, as huma does not look into embedded structs that are not.
type ByID struct {
	ID string `path:"id" format:"uuid"`
}

// Paged is the input of lists.
type Paged struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"500" doc:"next_cursor of the page before"`
}

type out[T any] struct{ Body T }

func (o *out[T]) body() any { return o.Body }

type made[T any] struct {
	Status   int
	Location string `header:"Location"`
	Body     T
}

// captureBody is the body of a capture and of a patch.
type captureBody struct {
	Email      *string                    `json:"email,omitempty"`
	ExternalID *string                    `json:"external_id,omitempty" doc:"source:value, for people without an address"`
	Profile    map[string]json.RawMessage `json:"profile,omitempty" doc:"first_name last_name title department company company_domain industry company_size annual_revenue country region city phone time_zone language custom{}; null clears"`
	Source     *record.Source             `json:"source,omitempty"`
	Consent    *consentBody               `json:"consent,omitempty"`
	VisitorID  *string                    `json:"visitor_id,omitempty"`
}

// consentBody has to say yes or no: a no that nobody said would end all mail.
type consentBody struct {
	Purpose     string `json:"purpose" doc:"marketing, tracking (opens and clicks of mails are noted), or a topic of the house"`
	Granted     *bool  `json:"granted"`
	DoubleOptIn bool   `json:"double_opt_in,omitempty" doc:"of a yes: it counts once the person has confirmed it by mail; until then no nurture mail is sent"`
	Wording     string `json:"wording,omitempty" doc:"version of the words in which it was asked for"`
}

func (c captureBody) input() intake.Input {
	in := intake.Input{Email: c.Email, ExternalID: c.ExternalID, Profile: c.Profile}
	if c.Consent != nil {
		in.Consent = &record.Consent{
			Purpose: c.Consent.Purpose, Granted: c.Consent.Granted != nil && *c.Consent.Granted,
			DoubleOptIn: c.Consent.DoubleOptIn, Wording: c.Consent.Wording,
		}
	}
	if c.Source != nil {
		in.Source = *c.Source
	}
	if c.VisitorID != nil {
		in.VisitorID = *c.VisitorID
	}
	return in
}

func (a *API) leads() {
	add(a, route{method: http.MethodPost, path: "/v1/leads", group: "Leads", summary: "Capture somebody: 201 new, 200 known and merged", roles: marketers, body: captureBody{}, answer: record.Lead{}, also: []int{http.StatusCreated}, intake: true}, a.capture)
	add(a, route{method: http.MethodGet, path: "/v1/leads", group: "Leads", summary: "List leads, newest first", roles: everybody}, a.listLeads)
	add(a, route{method: http.MethodGet, path: "/v1/leads/{id}", group: "Leads", summary: "One lead; of one that was merged, merged_into names the lead that goes on", roles: everybody}, func(ctx context.Context, in *ByID) (*out[record.Lead], error) {
		return a.lead(ctx, in.ID)
	})
	add(a, route{method: http.MethodPatch, path: "/v1/leads/{id}", group: "Leads", summary: "Change what is known of a lead", roles: sellers, body: captureBody{}}, a.patchLead)
	add(a, route{method: http.MethodDelete, path: "/v1/leads/{id}", group: "Leads", summary: "Erase a person for good", roles: operators, status: http.StatusNoContent}, func(ctx context.Context, in *ByID) (*struct{}, error) {
		return nil, a.People.EraseLead(ctx, in.ID, actorOf(ctx))
	})
	add(a, route{method: http.MethodGet, path: "/v1/leads/{id}/timeline", group: "Leads", summary: "What happened, newest first: who, what, when, why", roles: everybody}, a.timeline)
	add(a, route{method: http.MethodGet, path: "/v1/leads/{id}/life", group: "Leads", summary: "The whole life: cycles, how long each stage took and why it ended, mails, offers, the score at each turn", roles: everybody}, func(ctx context.Context, in *ByID) (*out[life.Life], error) {
		told, err := a.Reads.Life(ctx, in.ID)
		return &out[life.Life]{told}, err
	})
	add(a, route{method: http.MethodGet, path: "/v1/leads/{id}/score", group: "Leads", summary: "Why this score: every point, its rule and its event, and what is missing", roles: everybody}, a.score)
	a.scoreCourse()
	add(a, route{method: http.MethodPost, path: "/v1/leads/{id}/notes", group: "Leads", summary: "Add a note", roles: sellers, status: http.StatusCreated, body: noteBody{}}, a.note)
	add(a, route{method: http.MethodGet, path: "/v1/inbox", group: "Leads", summary: "What waits for a rep or is worked by one, least time left first", roles: []string{RoleSales, RoleMarketing, RoleOps}}, a.inbox)
}

func (a *API) lead(ctx context.Context, id string) (*out[record.Lead], error) {
	lead, err := a.Reads.Lead(ctx, id)
	var merged *record.Merged
	if errors.As(err, &merged) {
		err = nil // what is left of it says where it went
	}
	return &out[record.Lead]{lead}, err
}

// capture reads the whole body before it says what is wrong with it, so that every bad field is named at once.
func (a *API) capture(ctx context.Context, _ *struct{}) (*made[record.Lead], error) {
	var c captureBody
	by := intake.By{Actor: actorOf(ctx), Via: "api"}
	if err := a.decodeCapture(ctx, &c, by); err != nil {
		return nil, err
	}
	captured, err := a.Intake.Capture(ctx, c.input(), by)
	if err != nil {
		return nil, err
	}
	lead, err := a.Reads.Lead(ctx, captured.LeadID)
	if err != nil {
		return nil, err
	}
	m := &made[record.Lead]{Status: http.StatusOK, Location: "/v1/leads/" + lead.ID, Body: lead}
	if captured.Created {
		m.Status = http.StatusCreated
	}
	return m, nil
}

// decodeCapture adds to what cannot be read what is wrong with the rest.
func (a *API) decodeCapture(ctx context.Context, c *captureBody, by intake.By) error {
	var wrong checks
	if err := decode(ctx, c); err != nil {
		p, is := err.(*Problem) //nolint:errorlint // decode answers it bare
		if !is || p.Code != "invalid" {
			return err
		}
		wrong = p.Errors
	}
	if c.Consent != nil && c.Consent.Granted == nil {
		wrong.add("consent.granted", "required", "must be true or false")
	}
	if len(wrong) > 0 {
		wrong = append(wrong, fields(a.Intake.Check(c.input(), by), func(p intake.Problem) FieldError { return FieldError(p) })...)
	}
	return wrong.err()
}

func (a *API) patchLead(ctx context.Context, in *ByID) (*out[record.Lead], error) {
	var c captureBody
	by := intake.By{Actor: actorOf(ctx), Via: "api"}
	if err := a.decodeCapture(ctx, &c, by); err != nil {
		return nil, err
	}
	if err := clearedKeys(ctx, &c); err != nil {
		return nil, err
	}
	if err := a.Intake.Patch(ctx, in.ID, c.input(), by); err != nil {
		return nil, err
	}
	return a.lead(ctx, in.ID)
}

// clearedKeys tells a key that is null from one that is absent: intake refuses the first.
func clearedKeys(ctx context.Context, c *captureBody) error {
	raw, err := bodyOf(ctx).bytes()
	if err != nil {
		return err
	}
	given, err := object(raw)
	for name, key := range map[string]**string{"email": &c.Email, "external_id": &c.ExternalID} {
		if string(given[name]) == "null" {
			*key = new(string)
		}
	}
	return err
}

type leadQuery struct {
	Paged
	Stage  []string `query:"stage" doc:"one or several, by comma"`
	Owner  string   `query:"owner" format:"uuid" doc:"rep id"`
	Band   string   `query:"band" enum:"hot,warm,cold"`
	Source string   `query:"source" maxLength:"64"`
	Q      string   `query:"q" maxLength:"200" doc:"part of a name, an address or a company"`
}

func (a *API) listLeads(ctx context.Context, in *leadQuery) (*out[record.Page[record.Lead]], error) {
	var c checks
	for _, s := range in.Stage {
		if !lifecycle.Stage(s).Known() {
			c.add("stage", "invalid", "must be a stage: captured nurturing qualified handoff working opportunity won lost dormant disqualified erased")
		}
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	page, err := a.Reads.Leads(ctx, record.LeadFilter{
		Stage: in.Stage, Owner: in.Owner, Band: in.Band, Source: strings.ToLower(in.Source), Query: in.Q, Cursor: in.Cursor, Limit: in.Limit,
	})
	return &out[record.Page[record.Lead]]{page}, err
}

type leadPage struct {
	ByID
	Paged
}

func (a *API) timeline(ctx context.Context, in *leadPage) (*out[record.Page[record.TimelineItem]], error) {
	page, err := a.Reads.Timeline(ctx, in.ID, in.Cursor, in.Limit)
	return &out[record.Page[record.TimelineItem]]{page}, err
}

type scoreQuery struct {
	ByID
	At    time.Time `query:"at" doc:"as it was then, by what was known then; absent: now"`
	Model int       `query:"model" minimum:"1" maximum:"2147483647" doc:"under this version; absent: the one that is published now; published in the answer is the one of then"`
}

func (a *API) score(ctx context.Context, in *scoreQuery) (*out[record.Score], error) {
	score, err := a.Reads.ExplainScore(ctx, in.ID, in.At, in.Model)
	return &out[record.Score]{score}, err
}

type noteBody struct {
	RepID *string `json:"rep_id,omitempty"`
	Text  string  `json:"text"`
}

const maxNote = 10_000

func (a *API) note(ctx context.Context, in *ByID) (*out[record.Note], error) {
	var n noteBody
	if err := decode(ctx, &n); err != nil {
		return nil, err
	}
	var c checks
	c.text("text", n.Text, maxNote)
	if n.RepID != nil {
		a.checkRep(ctx, &c, *n.RepID, "rep_id")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	kept, err := a.People.AddNote(ctx, record.Note{LeadID: in.ID, RepID: n.RepID, Text: n.Text}, actorOf(ctx))
	return &out[record.Note]{kept}, err
}

type inboxQuery struct {
	Paged
	RepID  string `query:"rep_id" format:"uuid"`
	TeamID string `query:"team_id" format:"uuid"`
}

func (a *API) inbox(ctx context.Context, in *inboxQuery) (*out[record.Page[record.InboxItem]], error) {
	page, err := a.Reads.Inbox(ctx, record.InboxFilter{RepID: in.RepID, TeamID: in.TeamID, Cursor: in.Cursor, Limit: in.Limit})
	if err == nil {
		a.seen(ctx, in.RepID, page.Items)
	}
	return &out[record.Page[record.InboxItem]]{page}, err
}
