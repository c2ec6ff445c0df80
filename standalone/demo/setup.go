package demo

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// hire is somebody in sales. Managers are no reps for offers: they are not active.
type hire struct {
	name, email, zone string
	manager           bool
}

// hires by team. The last team keeps office hours: its deadlines may be a night away.
var hires = []struct {
	team, calendar string
	people         []hire
}{
	{"Europe", "", []hire{
		{"Petra Lindqvist", "petra.lindqvist@leadflow.example", "Europe/Stockholm", true},
		{"Ines Moreau", "ines.moreau@leadflow.example", "Europe/Paris", false},
		{"Jonas Brandt", "jonas.brandt@leadflow.example", "Europe/Berlin", false},
		{"Aoife Byrne", "aoife.byrne@leadflow.example", "Europe/Dublin", false},
	}},
	{"Americas", "", []hire{
		{"Grace Okafor", "grace.okafor@leadflow.example", "America/New_York", true},
		{"Maya Torres", "maya.torres@leadflow.example", "America/Mexico_City", false},
		{"Dan Whitaker", "dan.whitaker@leadflow.example", "America/Chicago", false},
		{"Priya Nair", "priya.nair@leadflow.example", "America/Toronto", false},
	}},
	{"Pacific", "tokyo-office", []hire{
		{"Kenji Mori", "kenji.mori@leadflow.example", "Asia/Tokyo", false},
	}},
}

var office = calendar.Spec{Name: "tokyo-office", TimeZone: "Asia/Tokyo", Weekly: map[string][]calendar.Hours{
	"mon": hours, "tue": hours, "wed": hours, "thu": hours, "fri": hours,
}}

var hours = []calendar.Hours{{From: "09:00", To: "12:00"}, {From: "13:00", To: "18:00"}}

// SetUp makes what is missing of team, rules and subscribers. It may end anywhere and be called again.
func SetUp(ctx context.Context, o Options) error { return begin(o).setUp(ctx) }

func (d *demo) setUp(ctx context.Context) error {
	for _, step := range []func(context.Context) error{d.team, d.rules, d.others} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ensure finds what a list holds, or makes it.
func ensure[T any](ctx context.Context, c *client, path string, is func(T) bool, body any) (T, error) {
	var made T
	have, err := list[T](ctx, c, path+"?")
	if err != nil {
		return made, err
	}
	if i := slices.IndexFunc(have, is); i >= 0 {
		return have[i], nil
	}
	err = c.post(ctx, path, "", body, &made)
	return made, err
}

func (d *demo) team(ctx context.Context) error {
	cal, err := ensure(ctx, d.api, "/v1/calendars", func(c record.Calendar) bool { return c.Name == office.Name }, object{"name": office.Name, "spec": office})
	if err != nil {
		return err
	}
	for _, h := range hires {
		body := object{"name": h.team}
		if h.calendar != "" {
			body["calendar_id"] = cal.ID
		}
		team, err := ensure(ctx, d.api, "/v1/teams", func(t record.Team) bool { return t.Name == h.team }, body)
		if err != nil {
			return err
		}
		for _, p := range h.people {
			if err := d.hire(ctx, team, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *demo) hire(ctx context.Context, team record.Team, h hire) error {
	rep, err := ensure(ctx, d.api, "/v1/reps", func(r record.Rep) bool { return r.Email == h.email }, object{
		"name": h.name, "email": h.email, "team_id": team.ID, "time_zone": h.zone, "active": !h.manager,
	})
	if err != nil || !h.manager || team.ManagerID != nil {
		return err
	}
	return d.api.send(ctx, request{
		method: http.MethodPatch, path: "/v1/teams/" + team.ID, media: "application/json", body: fmt.Appendf(nil, `{"manager_id": %q}`, rep.ID),
	}, nil)
}

// rules publishes model and sequence and makes the policy the active one.
func (d *demo) rules(ctx context.Context) error {
	const note = "demo: hours for days"
	model, err := ensure(ctx, d.api, "/v1/models", func(m record.Model) bool { return m.Note == note }, object{"source": model(), "note": note})
	if err != nil {
		return err
	}
	if model.PublishedAt == nil {
		if err := d.api.post(ctx, fmt.Sprintf("/v1/models/%d/publish", model.Version), "", object{}, nil); err != nil {
			return err
		}
	}
	seq, err := ensure(ctx, d.api, "/v1/sequences", func(s record.Sequence) bool { return s.Name == "demo" }, object{"source": d.sequence(), "default": true})
	if err != nil {
		return err
	}
	if seq.PublishedAt == nil {
		if err := d.api.post(ctx, fmt.Sprintf("/v1/sequences/demo/%d/publish", seq.Version), "", object{}, nil); err != nil {
			return err
		}
	}
	policy, err := d.policy()
	if err != nil {
		return err
	}
	_, err = ensure(ctx, d.api, "/v1/policies", func(p record.Policy) bool { return p.Name == "demo" }, object{"source": policy, "active": true})
	return err
}

// others fills the lists that no life fills: an address nobody writes to, and a subscriber that is switched off.
func (d *demo) others(ctx context.Context) error {
	const address, hook = "press@brightloom.example", "https://hooks.example/leadflow"
	_, err := ensure(ctx, d.api, "/v1/suppressions", func(s record.Suppression) bool { return s.Email != nil && *s.Email == address }, object{"email": address})
	if err != nil {
		return err
	}
	_, err = ensure(ctx, d.api, "/v1/webhooks", func(w record.Webhook) bool { return w.URL == hook }, object{
		"url": hook, "kinds": []string{"handoff.offered", "handoff.escalated"}, "active": false,
	})
	return err
}
