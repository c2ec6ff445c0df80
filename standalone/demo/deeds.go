package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// deed is an act that is planned.
type deed struct {
	act
	p  *person
	at time.Time
	id string // of the event, or the Idempotency-Key: the same in every run
}

// plan puts a habit on the list, from when a cycle began.
func (d *demo) plan(p *person, cycle int, from time.Time, habit string) {
	for i, a := range habits[habit] {
		id := fmt.Sprintf("demo/%d/%d/%d", p.n, cycle, i)
		after := time.Duration(float64(a.after) * (.8 + .4*dice(p.n, id).Float64()))
		d.put(deed{act: a, p: p, at: from.Add(d.paced(after)), id: id})
	}
}

// put leaves out what is long over.
func (d *demo) put(what deed) {
	if time.Since(what.at) < tooLate {
		d.todo = append(d.todo, what)
	}
}

// act does what is due: events all at once, everything else by itself.
func (d *demo) act(ctx context.Context, now time.Time) error {
	var later, due []deed
	events := []object{}
	for _, x := range d.todo {
		switch {
		case x.at.After(now) || len(due) == 20 || len(events) == 500:
			later = append(later, x)
		case x.event != "":
			events = append(events, x.body())
		default:
			due = append(due, x)
		}
	}
	d.todo = later
	if len(events) > 0 {
		if err := d.api.post(ctx, "/v1/events", "", events, nil); err != nil {
			return err
		}
	}
	for _, x := range due {
		if err := d.do(ctx, x); err != nil && !refused(err) {
			return err
		}
	}
	return nil
}

func (x deed) body() object {
	return object{"id": x.id, "type": x.event, "lead_id": x.p.id, "properties": x.with}
}

func (d *demo) do(ctx context.Context, x deed) error {
	switch x.deed {
	case "unsubscribe":
		return d.unsubscribe(ctx, x)
	case "erase":
		return d.api.send(ctx, request{method: http.MethodDelete, path: "/v1/leads/" + x.p.id}, nil)
	default:
		return d.api.post(ctx, "/v1/leads/"+x.p.id+"/"+x.deed, x.id, object{}, nil)
	}
}

// welcomeBack lets those come back for whom a further cycle began.
func (d *demo) welcomeBack(ctx context.Context, _ time.Time) error {
	all, err := list[record.Lead](ctx, d.api, "/v1/leads?stage=nurturing&")
	for _, lead := range all {
		p := d.byID[lead.ID]
		if p == nil || lead.Cycle <= p.cycles {
			continue
		}
		p.cycles = lead.Cycle
		if lead.Cycle <= len(p.plot.sales) {
			d.plan(p, lead.Cycle, lead.CycleStartedAt, p.plot.back)
		}
	}
	return err
}

// caught is a mail in the catcher.
type caught struct {
	ID         string            `json:"id"`
	To         string            `json:"to"`
	Subject    string            `json:"subject"`
	ReceivedAt time.Time         `json:"received_at"`
	Headers    map[string]string `json:"headers"`
}

func (d *demo) mails(ctx context.Context, query string) ([]caught, error) {
	var page struct{ Items []caught }
	box := &client{base: d.Mails, http: d.api.http}
	err := box.get(ctx, "/api/messages?"+query, &page)
	return page.Items, err
}

// readMails lets people open the mails that came for them, and now and then click.
func (d *demo) readMails(ctx context.Context, now time.Time) error {
	mails, err := d.mails(ctx, "limit=60")
	if err != nil {
		return err
	}
	who := map[string]*person{}
	for _, p := range d.people {
		if p.id != "" && p.email != "" {
			who[p.email] = p
		}
	}
	for _, mail := range mails {
		p := who[mail.To]
		if _, known := d.read[mail.ID]; known || p == nil {
			continue
		}
		d.read[mail.ID] = now
		chance := dice(p.n, mail.Subject)
		if chance.Float64() > p.plot.opens {
			continue
		}
		open := mail.ReceivedAt.Add(d.paced(10*time.Second + time.Duration(chance.IntN(30))*time.Second))
		with := object{"subject": mail.Subject}
		d.put(deed{act: act{event: "email_open", with: with}, p: p, at: open, id: "demo/open/" + mail.ID})
		if chance.Float64() < .35 {
			d.put(deed{act: act{event: "email_click", with: with}, p: p, at: open.Add(d.paced(5 * time.Second)), id: "demo/click/" + mail.ID})
		}
	}
	return nil
}

// unsubscribe presses the button of the mailbox, which posts to the address in the mail's header; without a mail it waits.
func (d *demo) unsubscribe(ctx context.Context, x deed) error {
	mails, err := d.mails(ctx, "limit=1&to="+url.QueryEscape(x.p.email))
	if err != nil {
		return err
	}
	if len(mails) == 0 {
		x.at = time.Now().Add(d.paced(10 * time.Second))
		d.put(x)
		return nil
	}
	link, _, _ := strings.Cut(mails[0].Headers["List-Unsubscribe"], ",")
	path, ok := strings.CutPrefix(strings.Trim(link, "<> "), d.URL)
	if !ok {
		return nil
	}
	return d.api.send(ctx, request{
		method: http.MethodPost, path: path, media: "application/x-www-form-urlencoded", body: []byte("List-Unsubscribe=One-Click"),
	}, nil)
}
