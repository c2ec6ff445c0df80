package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// find recognises the people of an earlier run, and counts who was not invented here. Whoever was captured before one
// who is found was captured too: who cannot be found was erased.
func (d *demo) find(ctx context.Context) (own, foreign int, err error) {
	all, err := list[record.Lead](ctx, d.api, "/v1/leads?")
	if err != nil {
		return 0, 0, err
	}
	byKey := map[string]*person{}
	for _, p := range d.people {
		byKey[p.key()] = p
	}
	for _, lead := range all {
		p := byKey[keyOf(lead)]
		if p == nil {
			foreign++
			continue
		}
		own++
		d.next = max(d.next, p.n+1)
		d.met(p, lead)
	}
	d.next = max(d.next, d.imported())
	return own, foreign, nil
}

func keyOf(lead record.Lead) string {
	switch {
	case lead.Email != nil:
		return *lead.Email
	case lead.ExternalID != nil:
		return *lead.ExternalID
	}
	return ""
}

// met knows somebody from now on, and plans what they do next.
func (d *demo) met(p *person, lead record.Lead) {
	p.id, p.captured, p.cycles = lead.ID, lead.CreatedAt, 1
	d.byID[lead.ID] = p
	d.plan(p, 1, lead.CreatedAt, p.plot.does)
}

func (d *demo) imported() int { return len(d.people) / 12 }

// capture makes somebody a lead, by the way they come.
func (d *demo) capture(ctx context.Context, p *person) error {
	var lead record.Lead
	if p.via == "form" {
		return d.fillIn(ctx, p)
	}
	body := object{"profile": p.profile, "source": p.source, "consent": object{"purpose": "marketing", "granted": p.consent}}
	if p.email != "" {
		body["email"] = p.email
	} else {
		body["external_id"] = p.externalID
	}
	if err := d.api.post(ctx, "/v1/leads", "", body, &lead); err != nil {
		return err
	}
	d.met(p, lead)
	return nil
}

// fillIn looks around as a visitor first, and then sends the form of a page.
func (d *demo) fillIn(ctx context.Context, p *person) error {
	seen := []object{
		{"id": fmt.Sprintf("demo/%d/0/0", p.n), "type": "page_view", "visitor_id": p.visitor, "properties": object{"path": "/"}},
		{"id": fmt.Sprintf("demo/%d/0/1", p.n), "type": "page_view", "visitor_id": p.visitor, "properties": object{"path": "/blog/response-times"}},
	}
	if err := d.api.post(ctx, "/v1/events", "", seen, nil); err != nil {
		return err
	}
	values := url.Values{"email": {p.email}, "visitor_id": {p.visitor}, "consent": {"yes"}}
	for _, fields := range []object{p.profile, p.source} {
		for name, v := range fields {
			text := fmt.Sprint(v)
			if f, is := v.(float64); is {
				text = fmt.Sprintf("%.0f", f)
			}
			values.Set(name, text)
		}
	}
	form := request{method: http.MethodPost, path: "/f/guide", media: "application/x-www-form-urlencoded", body: []byte(values.Encode())}
	if err := d.api.send(ctx, form, nil); err != nil {
		return err
	}
	var page record.Page[record.Lead]
	if err := d.api.get(ctx, "/v1/leads?q="+url.QueryEscape(p.email), &page); err != nil || len(page.Items) == 0 {
		return err
	}
	d.met(p, page.Items[0])
	return nil
}

var columns = []string{
	"first_name", "last_name", "title", "department", "company", "company_domain", "industry", "company_size", "country", "city",
	"time_zone", "annual_revenue", "phone",
}

const mapping = `email: email
external_id: {source: crm, column: crm, without_email: true}
source: {channel: {value: fair}, campaign: {value: spring-fair}}
profile:
`

// importFile brings the first people as a file, once, with two rows in it that are wrong.
func (d *demo) importFile(ctx context.Context) error {
	have, err := list[record.Import](ctx, d.api, "/v1/imports?")
	if err != nil || len(have) > 0 || d.imported() == 0 {
		return err
	}
	body, media, err := d.upload()
	if err != nil {
		return err
	}
	return d.api.send(ctx, request{method: http.MethodPost, path: "/v1/imports", media: media, body: body}, nil)
}

func (d *demo) upload() (body []byte, media string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	names := mapping
	for _, c := range columns {
		names += fmt.Sprintf("  %s: %s\n", c, c)
	}
	for _, field := range [][2]string{{"mapping", names}, {"alert", "true"}, {"nurture", "true"}} {
		if err := w.WriteField(field[0], field[1]); err != nil {
			return nil, "", err
		}
	}
	part, err := w.CreateFormFile("file", "spring-fair.csv")
	if err != nil {
		return nil, "", err
	}
	rows := csv.NewWriter(part)
	_ = rows.Write(append([]string{"email", "crm"}, columns...))
	for _, p := range d.people[:d.imported()] {
		_ = rows.Write(append([]string{p.email, fmt.Sprint(70_000 + p.n)}, cells(p.profile)...))
	}
	_ = rows.Write(append([]string{"no address at all", "1"}, cells(object{"first_name": "Rita", "company": "Brightloom"})...))
	_ = rows.Write(append([]string{"theo@brightloom.example", "2"}, cells(object{"first_name": "Theo", "company_size": "many"})...))
	rows.Flush()
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), w.FormDataContentType(), rows.Error()
}

func cells(profile object) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		switch v := profile[c].(type) {
		case nil:
		case float64:
			out[i] = fmt.Sprintf("%.0f", v)
		default:
			out[i] = fmt.Sprint(v)
		}
	}
	return out
}

// meetImported finds the rows that became leads.
func (d *demo) meetImported(ctx context.Context, now time.Time) error {
	missing := map[string]*person{}
	for _, p := range d.people[:d.imported()] {
		if p.id == "" {
			missing[p.key()] = p
		}
	}
	if len(missing) == 0 || now.Sub(d.began) > d.paced(2*time.Minute) {
		return nil
	}
	found, err := list[record.Lead](ctx, d.api, "/v1/leads?source=fair&")
	for _, lead := range found {
		if p := missing[keyOf(lead)]; p != nil {
			d.met(p, lead)
		}
	}
	return err
}
