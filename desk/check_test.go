package desk

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

func TestDecide_badDecisionsAreNamedAndNeverAsked(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxNote+1)
	for _, c := range []struct {
		kind, body string
		want       []string // field:code
	}{
		{"accept", `{}`, []string{"rep_id:required"}},
		{"accept", ``, []string{"rep_id:required"}},
		{"accept", `[]`, []string{"body:invalid"}},
		{"accept", `{"rep_id":"` + rep1 + `"} x`, []string{"body:invalid"}},
		{"accept", `{"rep_id":"7","assignment_id":true}`, []string{"rep_id:invalid", "assignment_id:invalid"}},
		{"accept", `{"rep_id":"` + rep9 + `"}`, []string{"rep_id:unknown_rep"}},
		{"accept", `{"rep_id":"` + team1 + `"}`, []string{"rep_id:unknown_rep"}},
		{"accept", `{"rep_id":"` + rep1 + `","Rep_id":"x","note":"hi","a b":1}`, []string{"(unreadable):unknown_field", "(unreadable):unknown_field", "note:unknown_field"}},
		{"reject", `{"rep_id":"` + rep1 + `"}`, []string{"reason:required"}},
		{"reject", `{"rep_id":"` + rep1 + `","reason":"price"}`, []string{"reason:unknown_reason"}},
		{"reject", `{"rep_id":"` + rep1 + `","reason":"Not Ready!"}`, []string{"reason:unknown_reason"}},
		{"reject", `{"rep_id":"` + rep1 + `","reason":"other","note":"` + long + `"}`, []string{"note:too_long"}},
		{"reject", `{"rep_id":"` + rep1 + `","reason":"other","note":"a\u0000b"}`, []string{"note:invalid"}},
		{"win", `{}`, []string{"amount:required", "currency:required"}},
		{"win", `{"amount":-1,"currency":"EURO"}`, []string{"amount:invalid", "currency:invalid"}},
		{"win", `{"amount":"1.234","currency":"XQQ","one_thing":7}`, []string{"one_thing:invalid", "amount:invalid", "currency:invalid"}},
		{"win", `{"amount":null,"currency":"EUR"}`, []string{"amount:required"}},
		{"win", `{"amount":1,"currency":"EUR","rep_id":"` + rep1 + `"}`, []string{"rep_id:unknown_field"}},
		{"lose", `{"reason":"not_ready"}`, []string{"reason:unknown_reason"}},
		{"lose", `{"reason":""}`, []string{"reason:required"}},
		{"reassign", `{}`, []string{"rep_id:required"}},
		{"reassign", `{"rep_id":"` + rep1 + `","team_id":"` + team1 + `"}`, []string{"rep_id:required"}},
		{"reassign", `{"team_id":"` + rep1 + `"}`, []string{"team_id:unknown_team"}},
		{"recycle", `{"reason":"whatever"}`, []string{"reason:unknown_reason"}},
		{"disqualify", `{"reason":"price"}`, []string{"reason:unknown_reason"}},
		{"pause", `{"until":"2026-03-02T11:59:59Z"}`, []string{"until:invalid"}},
		{"pause", `{"until":"tomorrow"}`, []string{"until:invalid"}},
		{"pause", `{"until":"2126-03-02T11:59:59Z"}`, []string{"until:invalid"}},
		{"resume", `{"now":true}`, []string{"now:unknown_field"}},
		{"resume", `{"catch_up":"hurry"}`, []string{"catch_up:invalid"}},
		{"erase", `{}`, []string{"kind:invalid"}},
	} {
		p, r := newPaper(lifecycle.StageHandoff), &run{answers: []error{nil}}
		_, err := newDesk(p, r).Decide(t.Context(), Request{LeadID: leadA, Kind: c.kind, Body: json.RawMessage(c.body)})
		var ps Problems
		require.True(t, errors.As(err, &ps), "%s %s: %v", c.kind, c.body, err)
		var got []string
		for _, one := range ps {
			got = append(got, one.Field+":"+one.Code)
			require.NotEmpty(t, one.Detail)
		}
		require.Equal(t, c.want, got, "%s %s", c.kind, c.body)
		require.Empty(t, p.decisions)
		require.Empty(t, r.asked)
	}
}

func TestDecide_goodDecisionsAreStoredAsOneWouldSayThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, body, stored string }{
		{"accept", `{"rep_id":"` + strings.ToUpper(rep1) + `","assignment_id":null}`, `{"rep_id":"` + rep1 + `"}`},
		{"reject", `{"rep_id":"` + rep1 + `","reason":"on_holiday","note":" later\nplease "}`, `{"rep_id":"` + rep1 + `","reason":"on_holiday","note":"later\nplease"}`},
		{"qualify", ``, `{}`},
		{"win", `{"amount":"12500.5","currency":"eur","one_thing":"support"}`, `{"amount":"12500.50","currency":"EUR","one_thing":"support"}`},
		{"win", `{"amount":1.25e4,"currency":"JPY"}`, `{"amount":"12500.00","currency":"JPY"}`},
		{"win", `{"amount":0,"currency":"USD"}`, `{"amount":"0.00","currency":"USD"}`},
		{"lose", `{"reason":"price"}`, `{"reason":"price"}`},
		{"reassign", `{"team_id":"` + team1 + `"}`, `{"team_id":"` + team1 + `"}`},
		{"recycle", `{}`, `{}`},
		{"recycle", `{"reason":"timing"}`, `{"reason":"timing"}`},
		{"disqualify", `{"reason":"spam"}`, `{"reason":"spam"}`},
		{"pause", `{"until":"2026-04-01T09:00:00+02:00"}`, `{"until":"2026-04-01T07:00:00Z"}`},
		{"resume", `{}`, `{}`},
		{"resume", `{"catch_up":"shift"}`, `{}`},
		{"resume", `{"catch_up":"drop"}`, `{"catch_up":"drop"}`},
	} {
		p, r := newPaper(lifecycle.StageWorking), &run{answers: []error{nil}}
		a := decided(t, newDesk(p, r), Request{LeadID: leadA, Kind: c.kind, Body: json.RawMessage(c.body)})
		require.Equal(t, Applied, a.State)
		require.JSONEq(t, c.stored, string(p.decisions[0].Body))
		require.Equal(t, c.kind, r.asked[0].UpdateName)
	}
}

func TestAmount(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`12500`: "12500.00", `"0012500.50"`: "12500.50", `"1.500"`: "1.50", `"0"`: "0.00", `1e3`: "1000.00", `9999999999999.99`: "9999999999999.99",
		`"-0.01"`: "", `-0`: "", `"1,000"`: "", `"1.005"`: "", `""`: "", `"abc"`: "", `true`: "", `{}`: "", `10000000000000`: "", `1e300`: "",
		`1e999999999`: "", `1e-7`: "", `"1e3"`: "", `"٣"`: "", `"NaN"`: "", `" 5 "`: "5.00",
	} {
		got, ok := ReadAmount(json.RawMessage(in))
		require.Equal(t, want != "", ok, in)
		if ok {
			require.Equal(t, want, got)
		}
	}
}

func TestOnTheWire_nothingPeopleWrote(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageHandoff), &run{answers: []error{nil}}
	decided(t, newDesk(p, r), request("reject", map[string]any{
		"rep_id": rep1, "assignment_id": offer, "reason": "not_ready", "note": "Zzyzx is on leave",
	}))
	raw, err := json.Marshal(r.asked[0].Args)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "Zzyzx")
	dec := p.decisions[0]
	require.Contains(t, string(dec.Body), "Zzyzx")
	require.Equal(t, []any{wire.Decision{DecisionID: dec.ID, RepID: rep1, AssignmentID: offer, Reason: "not_ready", AskedAt: noon, Rule: &lifecycle.Reason{Path: lifecycle.PathRecycle, Score: lifecycle.ScoreKeep}}}, r.asked[0].Args)
	require.Equal(t, "lead/"+leadA, r.asked[0].WorkflowID)
	require.Equal(t, dec.ID, r.asked[0].UpdateID)

	decided(t, newDesk(p, r), request("win", map[string]any{"amount": 1, "currency": "EUR", "one_thing": "Zzyzx"}))
	require.Equal(t, []any{wire.Decision{DecisionID: p.decisions[1].ID, KeyID: *p.decisions[1].KeyID}}, r.asked[1].Args)

	known := request("accept", map[string]any{})
	known.RepID = rep2
	decided(t, newDesk(p, r), known)
	require.Equal(t, []any{wire.Decision{DecisionID: p.decisions[2].ID, RepID: rep2, AskedAt: noon}}, r.asked[2].Args)
}
