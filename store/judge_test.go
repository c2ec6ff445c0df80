package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const judgedModel = `{"mql": {"score": 100}, "bands": {"hot": 120, "warm": 40, "hysteresis": 10}, "grades": {"A": 45, "B": 30, "C": 15},
	"fit": [{"id": "title", "field": "title", "equals": "Chief", "points": 30}],
	"engagement": [{"id": "form", "on": "form_submit", "points": 10}, {"id": "view", "on": "page_view", "points": 1},
		{"id": "unsubscribe", "on": "unsubscribe", "points": -15}], "triggers": ["demo_request"]}`

// Each thing a run is told, and what it is not told: a signal costs three transitions or more.
func TestWhatARunIsTold(t *testing.T) {
	var m scoring.Model
	require.NoError(t, json.Unmarshal([]byte(judgedModel), &m))
	scorer, err := scoring.New(m)
	require.NoError(t, err)
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	w := world{now: now, version: 1, scorer: scorer}
	quiet := now.Add(-200 * 24 * time.Hour)
	for _, tt := range []struct {
		name   string
		forms  int // that came before, 10 points each
		band   string
		change func(*subject, *standing)
		events []string
		tell   bool
		kinds  []string
	}{
		{"nothing happened", 2, "cold", nil, nil, false, nil},
		{"points within a band", 1, "cold", nil, []string{"form_submit", "page_view"}, false, nil},
		{"a band crossed, up", 3, "cold", nil, []string{"form_submit"}, true, nil},
		{"a band crossed, down", 4, "warm", nil, []string{"unsubscribe"}, true, []string{"unsubscribe"}},
		{"a band kept by its hysteresis", 3, "warm", nil, []string{"page_view"}, false, nil},
		{"a band crossed by time alone", 0, "warm", nil, nil, true, nil},
		{"the edge to MQL", 9, "warm", nil, []string{"form_submit"}, true, []string{"mql"}},
		{"the edge, twice in a cycle", 9, "warm", func(_ *subject, st *standing) { st.MQLCycle = new(1) }, []string{"form_submit"}, false, nil},
		{"the edge of the next cycle", 9, "warm", func(su *subject, st *standing) {
			st.MQLCycle, su.lead.Cycle, su.lead.CycleStartedAt = new(1), 2, now.Add(-time.Hour)
		}, []string{"form_submit"}, true, []string{"mql"}},
		{"a score that is kept", 11, "warm", nil, nil, false, nil},
		{"a profile that completes who engaged", 8, "warm", func(su *subject, st *standing) {
			su.profile, su.learned, st.EngagedAt = person.Profile{"title": "Chief"}, true, &now
		}, nil, true, []string{"mql"}},
		{"a hard trigger", 0, "cold", nil, []string{"demo_request"}, true, []string{"demo_request"}},
		{"a hard trigger in its cycle's MQL", 0, "cold", func(_ *subject, st *standing) { st.MQLCycle = new(1) }, []string{"demo_request"}, true, []string{"demo_request"}},
		{"a hard trigger from before the cycle", 0, "cold", func(su *subject, _ *standing) {
			su.lead.Cycle, su.lead.CycleStartedAt = 2, now.Add(time.Hour)
		}, []string{"demo_request"}, false, nil},
		{"the touch a step waits for", 0, "cold", func(su *subject, st *standing) {
			su.lead.TouchWanted, st.EngagedAt = []string{"page_view"}, &quiet
		}, []string{"page_view", "page_view"}, true, []string{"first_touch"}},
		{"another touch than a step waits for", 0, "cold", func(su *subject, _ *standing) { su.lead.TouchWanted = []string{"email_click"} }, []string{"page_view"}, false, nil},
		{"a touch after quiet that no step waits for", 0, "cold", func(_ *subject, st *standing) { st.EngagedAt = &quiet }, []string{"page_view"}, false, nil},
		{"an unsubscribe", 0, "cold", nil, []string{"unsubscribe"}, true, []string{"unsubscribe"}},
		{"an unsubscribe the run knows of", 0, "cold", func(su *subject, _ *standing) { su.lead.Muted = "unsubscribed" }, []string{"unsubscribe"}, false, nil},
		{"a hard bounce", 0, "cold", nil, []string{"email_bounce"}, true, []string{"bounce"}},
		{"a hard bounce the run knows of", 0, "cold", func(su *subject, _ *standing) { su.lead.Muted = "bounced" }, []string{"email_bounce"}, false, nil},
		{"a complaint", 0, "cold", nil, []string{"complaint"}, true, []string{"complaint"}},
		{"a complaint of who unsubscribed", 0, "cold", func(su *subject, _ *standing) { su.lead.Muted = "unsubscribed" }, []string{"complaint"}, true, []string{"complaint"}},
		{"anything of who is won", 9, "warm", func(su *subject, _ *standing) { su.lead.Stage = lifecycle.StageWon }, []string{"form_submit", "demo_request", "unsubscribe"}, false, nil},
		{"a band of who is lost", 3, "cold", func(su *subject, _ *standing) { su.lead.Stage = lifecycle.StageLost }, []string{"form_submit"}, false, nil},
		{"an unsubscribe of who is lost", 0, "cold", func(su *subject, _ *standing) { su.lead.Stage = lifecycle.StageLost }, []string{"unsubscribe"}, true, []string{"unsubscribe"}},
		{"who was just captured, beside their capture", 0, "", func(su *subject, _ *standing) {
			su.created, su.learned, su.profile = true, true, person.Profile{"title": "Chief"}
		}, []string{"form_submit"}, false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			su := &subject{lead: leadRow{Stage: lifecycle.StageNurturing, Cycle: 1}}
			st := &standing{ModelVersion: 1, Band: tt.band, fitKept: true}
			for range tt.forms {
				st.Accumulators = scorer.Fold(st.Accumulators, nil, scoring.Event{Type: "form_submit", OccurredAt: now.Add(-time.Minute)})
			}
			if tt.change != nil {
				tt.change(su, st)
			}
			for _, kind := range tt.events {
				su.events = append(su.events, happened{ID: newID(), Type: kind, OccurredAt: now, ReceivedAt: now})
			}
			v := judge(w, su, st)
			require.Equal(t, tt.tell, v.tell, "%+v", v.after)
			require.Equal(t, len(tt.kinds), len(v.kinds), v.kinds)
			for _, kind := range tt.kinds {
				require.Contains(t, v.kinds, kind)
			}
		})
	}
}
