package desk

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// The codes of problems. They are part of the API.
const (
	CodeRequired     = "required"
	CodeInvalid      = "invalid"
	CodeTooLong      = "too_long"
	CodeUnknownField = "unknown_field"
	CodeUnknownTeam  = "unknown_team"
)

// Limits of what people write, in characters.
const (
	maxNote   = 10_000
	maxAnswer = 2_000
)

// farthest keeps the end of a pause within what anybody can mean.
const farthest = 10 * 366 * 24 * time.Hour

// shape says which fields a kind of decision knows, and which it needs.
type shape struct{ needs, may []string }

var shapes = map[string]shape{
	wire.UpdateAccept:     {needs: []string{"rep_id"}, may: []string{"assignment_id"}},
	wire.UpdateReject:     {needs: []string{"rep_id", "reason"}, may: []string{"assignment_id", "note", "duplicate_of"}},
	wire.UpdateQualify:    {may: []string{"rep_id", "note"}},
	wire.UpdateWin:        {needs: []string{"amount", "currency"}, may: []string{"one_thing", "missing"}},
	wire.UpdateLose:       {needs: []string{"reason"}, may: []string{"note", "one_thing", "missing"}},
	wire.UpdateReassign:   {may: []string{"rep_id", "team_id"}},
	wire.UpdateRecycle:    {may: []string{"reason"}},
	wire.UpdateDisqualify: {needs: []string{"reason"}},
	wire.UpdatePause:      {may: []string{"until"}},
	wire.UpdateResume:     {may: []string{"catch_up"}},
	wire.UpdateUndo:       {may: []string{"rep_id", "decision_id"}},
	wire.UpdateSnooze:     {needs: []string{"rep_id", "reason", "until"}, may: []string{"note"}},
}

var reasonCode = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// check reads a decision and names everything that is wrong with it. An error that is no Problems is the store's.
func (d *Desk) check(ctx context.Context, r Request) (canonical, error) {
	var ps Problems
	sh, ok := shapes[r.Kind]
	if !ok {
		ps.add("kind", CodeInvalid, "is no decision")
		return canonical{}, ps
	}
	in := &reading{ps: &ps, fields: split(&ps, r.Body), now: d.cfg.Now()}
	if ps != nil {
		return canonical{}, ps
	}
	if _, given := in.text("rep_id"); !given && slices.Contains(sh.needs, "rep_id") && r.RepID != "" {
		in.put("rep_id", r.RepID)
	}
	in.known(sh)
	c := in.canonical()
	if r.Kind == wire.UpdateReassign && (c.RepID == "") == (c.TeamID == "") && !ps.names("rep_id", "team_id") {
		ps.add("rep_id", CodeRequired, "give either rep_id or team_id")
	}
	if err := d.checkPeople(ctx, &ps, c); err != nil {
		return canonical{}, err
	}
	if err := d.checkReason(ctx, &ps, r.Kind, c); err != nil {
		return canonical{}, err
	}
	if err := d.checkDouble(ctx, &ps, r.LeadID, c); err != nil {
		return canonical{}, err
	}
	return c, ps.err()
}

// checkPeople looks up the rep and the team that are named.
func (d *Desk) checkPeople(ctx context.Context, ps *Problems, c canonical) error {
	if c.RepID != "" {
		rep, err := d.store.Rep(ctx, c.RepID)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return err
		}
		if err != nil || !rep.Active {
			ps.add("rep_id", lifecycle.CodeUnknownRep, "must be the id of an active rep")
		}
	}
	if c.TeamID != "" {
		_, err := d.store.Team(ctx, c.TeamID)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return err
		}
		if err != nil {
			ps.add("team_id", CodeUnknownTeam, "must be the id of a team")
		}
	}
	return nil
}

// checkReason asks the policy in force.
func (d *Desk) checkReason(ctx context.Context, ps *Problems, kind string, c canonical) error {
	reason := c.Reason
	if reason == "" || kind == wire.UpdateSnooze { // any code: nothing follows from it
		return nil
	}
	policy, err := d.store.ActivePolicy(ctx)
	if err != nil {
		return err
	}
	kinds := []lifecycle.EventKind{wire.Updates[kind]}
	if kind == wire.UpdateRecycle { // has no reasons of its own: any that leads back
		kinds = []lifecycle.EventKind{lifecycle.Rejected, lifecycle.Lost, lifecycle.Disqualified}
	}
	for _, k := range kinds {
		if policy.Knows(k, reason) {
			if policy.Reason(k, reason).Path == lifecycle.PathDuplicate && c.DuplicateOf == "" {
				ps.add("duplicate_of", CodeRequired, "is required with this reason: the id of the lead whose double this one is")
			}
			return nil
		}
	}
	ps.add("reason", lifecycle.CodeUnknownReason, "must be a reason that the policy knows for this decision")
	return nil
}

// reading is a body being read.
type reading struct {
	ps     *Problems
	fields map[string]json.RawMessage
	now    time.Time
}

func (in *reading) put(name, value string) {
	if in.fields == nil {
		in.fields = map[string]json.RawMessage{}
	}
	raw, err := json.Marshal(value)
	if err == nil {
		in.fields[name] = raw
	}
}

// known names what this kind does not know, and what it misses.
func (in *reading) known(sh shape) {
	for _, name := range slices.Sorted(maps.Keys(in.fields)) {
		if slices.Contains(sh.needs, name) || slices.Contains(sh.may, name) {
			continue
		}
		if !reasonCode.MatchString(name) {
			name = "(unreadable)"
		}
		in.ps.add(name, CodeUnknownField, "is no field of this decision")
		delete(in.fields, name)
	}
	for _, name := range sh.needs {
		if raw, given := in.fields[name]; !given || string(raw) == "null" || string(raw) == `""` {
			in.ps.add(name, CodeRequired, "is required")
			delete(in.fields, name)
		}
	}
}

func (in *reading) canonical() canonical {
	c := canonical{
		RepID: in.id("rep_id"), TeamID: in.id("team_id"), AssignmentID: in.id("assignment_id"), DecisionID: in.id("decision_id"),
		DuplicateOf: in.id("duplicate_of"),
		Reason:      in.code("reason"), Note: in.words("note", maxNote),
		OneThing: in.words("one_thing", maxAnswer), Missing: in.words("missing", maxAnswer), Until: in.until(), CatchUp: in.catchUp(),
	}
	if raw, given := in.fields["amount"]; given {
		var ok bool
		if c.Amount, ok = ReadAmount(raw); !ok {
			in.ps.add("amount", CodeInvalid, `must be a number or a text such as "12500.00": at least 0, at most two decimals, at most 13 digits before them`)
		}
	}
	if code, given := in.text("currency"); given {
		var ok bool
		if c.Currency, ok = ReadCurrency(code); !ok {
			in.ps.add("currency", CodeInvalid, "must be an ISO 4217 code such as EUR")
		}
	}
	return c
}

// text reads a text; null and blank say nothing.
func (in *reading) text(name string) (string, bool) {
	raw, given := in.fields[name]
	if !given || string(raw) == "null" {
		return "", false
	}
	var t string
	if json.Unmarshal(raw, &t) != nil {
		in.ps.add(name, CodeInvalid, "must be a text")
		delete(in.fields, name)
		return "", false
	}
	t = strings.TrimSpace(t)
	return t, t != ""
}

func (in *reading) id(name string) string {
	t, given := in.text(name)
	if !given {
		return ""
	}
	id, err := uuid.Parse(t)
	if err != nil || len(t) != 36 {
		in.ps.add(name, CodeInvalid, "must be an id")
		return ""
	}
	return id.String()
}

func (in *reading) code(name string) string {
	t, given := in.text(name)
	if given && !reasonCode.MatchString(t) {
		in.ps.add(name, lifecycle.CodeUnknownReason, "must be a reason that the policy knows for this decision")
		return ""
	}
	return t
}

// words reads what people write: several lines, bounded, nothing that Postgres would refuse.
func (in *reading) words(name string, most int) string {
	t, _ := in.text(name)
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }
	switch {
	case strings.ContainsFunc(t, control):
		in.ps.add(name, CodeInvalid, "must be text without control characters")
		return ""
	case utf8.RuneCountInString(t) > most:
		in.ps.add(name, CodeTooLong, "must be at most %d characters", most)
		return ""
	}
	return t
}

// catchUp is what becomes of waits; shift is what is done anyway, and is not kept.
func (in *reading) catchUp() string {
	t, given := in.text("catch_up")
	switch c := sequence.CatchUp(t); {
	case !given || c == sequence.Shift:
		return ""
	case !slices.Contains(sequence.CatchUps, c):
		in.ps.add("catch_up", CodeInvalid, "must be shift, keep or drop")
		return ""
	}
	return t
}

func (in *reading) until() *time.Time {
	t, given := in.text("until")
	if !given {
		return nil
	}
	at, err := time.Parse(time.RFC3339, t)
	if err != nil || !at.After(in.now) || at.After(in.now.Add(farthest)) {
		in.ps.add("until", CodeInvalid, "must be a time to come such as 2030-01-31T09:00:00Z, within ten years")
		return nil
	}
	at = at.UTC()
	return &at
}
