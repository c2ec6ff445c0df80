package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/mail/liquid"
)

// Letters composes mails as they would be sent, and sends nothing.
type Letters interface {
	// Preview is the mail of a step as the lead would get it, with inert links; raw: with the bytes.
	Preview(document json.RawMessage, step string, lead record.Lead, raw bool) record.MailPreview
	// CheckSequence finds what mails would show otherwise than they were meant.
	CheckSequence(s sequence.Sequence) []sequence.Problem
	// Refuses is why this house sends no nurture mail; nil where it does.
	Refuses() error
}

// Tests is what marketing tries before leads get it.
type Tests interface {
	// SendTests queues mails for somebody of the house; record.ErrTooMany.
	SendTests(ctx context.Context, m record.TestMail) (ids []string, err error)
	// Missing counts the leads that could enter from the stages, and for each variable those without a value.
	Missing(ctx context.Context, stages, names []string) (leads int, missing []int, err error)
}

type previewBody struct {
	LeadID string `json:"lead_id" doc:"as whom"`
	Step   string `json:"step,omitempty" doc:"one mail; absent: all"`
	Raw    bool   `json:"raw,omitempty" doc:"the bytes as well"`
	SendTo string `json:"send_to,omitempty" doc:"sends the mails to this address, marked [Test], with inert links and no effect on the lead; 60 an hour"`
}

type previewed struct {
	Sequence   string               `json:"sequence"`
	Version    int                  `json:"version"`
	LeadID     string               `json:"lead_id"`
	Mails      []record.MailPreview `json:"mails"`
	Deliveries []string             `json:"deliveries,omitempty" doc:"of a test: ids in /v1/mails, in the order of the mails"`
}

func (a *API) previews() {
	const at, group = "/v1/sequences/{name}/{version}", "Sequences"
	add(a, route{
		method: http.MethodPost, path: at + "/preview", group: group, summary: "Show the mails of a version, also of a draft, as a lead would get them; with send_to, send them to a colleague",
		roles: marketers, body: previewBody{}, secret: true, also: []int{http.StatusGone},
	}, a.preview)
	add(a, route{method: http.MethodGet, path: at + "/coverage", group: group, summary: "How many leads lack what the mails of a version show without a default", roles: everybody}, a.coverage)
}

func (a *API) preview(ctx context.Context, in *sequenceVersion) (*out[previewed], error) {
	var b previewBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	q, doc, err := a.sequenceDocument(ctx, in)
	if err != nil {
		return nil, err
	}
	steps, err := mailSteps(doc, b.Step)
	if err != nil {
		return nil, err
	}
	to := ""
	if b.SendTo != "" {
		var ok bool
		if to, ok = a.Intake.NormalizeAddress(b.SendTo); !ok {
			return nil, invalid(FieldError{Field: "send_to", Code: "invalid", Detail: "must be a bare address such as ada@example.com"})
		}
	}
	if strings.TrimSpace(b.LeadID) == "" {
		return nil, invalid(FieldError{Field: "lead_id", Code: "required", Detail: "is missing: name a lead to preview the mails as"})
	}
	lead, err := a.Reads.Lead(ctx, b.LeadID)
	if err != nil {
		return nil, err
	}
	p := previewed{Sequence: q.Name, Version: q.Version, LeadID: lead.ID, Mails: []record.MailPreview{}}
	for _, step := range steps {
		p.Mails = append(p.Mails, a.Letters.Preview(q.Document, step, lead, b.Raw))
	}
	if to != "" {
		p.Deliveries, err = a.sendTest(ctx, p, record.TestMail{LeadID: lead.ID, Sequence: q.Name, Version: q.Version, Steps: steps, To: to})
	}
	return &out[previewed]{p}, err
}

// sendTest queues what was previewed, unless it could not be sent.
func (a *API) sendTest(ctx context.Context, p previewed, m record.TestMail) ([]string, error) {
	var c checks
	for _, one := range p.Mails {
		for _, f := range one.Findings {
			if f.Code == "not_composable" || f.Code == "no_postal" {
				c.add("step", f.Code, one.Step+": "+f.Detail)
			}
		}
	}
	if len(m.Steps) == 0 {
		c.add("step", "invalid", "this version has no mail")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return a.Tests.SendTests(ctx, m)
}

func tooManyTests() *Problem {
	p := problem(http.StatusTooManyRequests, "too_many_tests", fmt.Sprintf("this house sent %d test mails within the hour; preview without send_to is not limited", record.TestsAnHour))
	p.retryAfter = 600
	return p
}

func (a *API) sequenceDocument(ctx context.Context, in *sequenceVersion) (record.Sequence, sequence.Sequence, error) {
	var doc sequence.Sequence
	q, err := a.Documents.Sequence(ctx, in.Name, in.Version)
	if err == nil {
		err = json.Unmarshal(q.Document, &doc)
	}
	return q, doc, err
}

// mailSteps are the ids of the steps with a mail, or the one that is named.
func mailSteps(doc sequence.Sequence, step string) ([]string, error) {
	var all []string
	for _, s := range doc.Steps {
		if s.Mail != nil {
			all = append(all, s.ID)
		}
	}
	if step == "" {
		return all, nil
	}
	if !slices.Contains(all, step) {
		return nil, invalid(FieldError{Field: "step", Code: "invalid", Detail: "must be a step with a mail: " + strings.Join(all, ", ")})
	}
	return []string{step}, nil
}

// publishable refuses what could be published and would not go out.
func (a *API) publishable(ctx context.Context, name string, version int) error {
	refusal := a.Letters.Refuses()
	if refusal == nil {
		return nil
	}
	_, doc, err := a.sequenceDocument(ctx, &sequenceVersion{name, version})
	if err != nil {
		return err
	}
	if steps, _ := mailSteps(doc, ""); len(steps) == 0 {
		return nil
	}
	return problem(http.StatusUnprocessableEntity, "no_postal_address", refusal.Error())
}

func (a *API) coverage(ctx context.Context, in *sequenceVersion) (*out[record.Coverage], error) {
	_, doc, err := a.sequenceDocument(ctx, in)
	if err != nil {
		return nil, err
	}
	by := bareVariables(doc)
	names := slices.Sorted(maps.Keys(by))
	leads, missing, err := a.Tests.Missing(ctx, entryStages(doc), names)
	if err != nil {
		return nil, err
	}
	c := record.Coverage{Leads: leads, Variables: []record.VariableCoverage{}}
	for i, name := range names {
		v := record.VariableCoverage{Name: name, Steps: by[name], Missing: missing[i]}
		if leads > 0 {
			v.Percent = math.Round(1000*float64(missing[i])/float64(leads)) / 10
		}
		c.Variables = append(c.Variables, v)
	}
	slices.SortStableFunc(c.Variables, func(x, y record.VariableCoverage) int { return cmp.Compare(y.Missing, x.Missing) })
	return &out[record.Coverage]{c}, nil
}

// entryStages are those from which leads enter. Who was captured a moment ago nurtures in the next.
func entryStages(doc sequence.Sequence) []string {
	if len(doc.Entry.Stages) > 0 && !slices.Contains(doc.Entry.Stages, "nurturing") {
		return doc.Entry.Stages
	}
	return []string{"captured", "nurturing"}
}

// bareVariables are what the mails show of a lead without a default, with the steps that do.
func bareVariables(doc sequence.Sequence) map[string][]string {
	by := map[string][]string{}
	for _, s := range doc.Steps {
		if s.Mail == nil {
			continue
		}
		for _, source := range []string{s.Mail.Subject, s.Mail.Preheader, s.Mail.Body} {
			t, err := liquid.Parse(source)
			if err != nil {
				continue // it was refused when the sequence was made, or is older than that
			}
			for _, name := range t.Bare() {
				if !alwaysThere(name) && !slices.Contains(by[name], s.ID) {
					by[name] = append(by[name], s.ID)
				}
			}
		}
	}
	return by
}

func alwaysThere(name string) bool {
	return slices.Contains([]string{"score", "band", "stage"}, name) || strings.HasPrefix(name, "links.")
}
