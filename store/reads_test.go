package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// walk reads a list to its end, page by page, and calls between after each page.
func walk[T any](t *testing.T, between func(), page func(cursor string) (record.Page[T], error)) (all []T) {
	t.Helper()
	for cursor := ""; ; {
		p, err := page(cursor)
		require.NoError(t, err)
		all = append(all, p.Items...)
		if cursor = p.NextCursor; cursor == "" {
			return all
		}
		between()
	}
}

func leadIDs(all []record.Lead) (ids []string) {
	for _, l := range all {
		ids = append(ids, l.ID)
	}
	return ids
}

func TestLeadsAreFiltered(t *testing.T) {
	s, ctx := floor(t), t.Context()
	rep := newRep(t, s, "ann", nil)
	ada := capture(t, s, record.Capture{Email: "ada@one.example", SourceCode: "web", Profile: map[string]any{"first_name": "Ada", "last_name": "Love", "company": "50%_off"}}).LeadID
	bob := capture(t, s, record.Capture{ExternalID: "crm:7", SourceCode: "other"}).LeadID
	gone := capture(t, s, record.Capture{Email: "gone@one.example", SourceCode: "web"}).LeadID
	require.NoError(t, s.EraseLead(ctx, gone, lifecycle.System))
	exec(t, s, "UPDATE leads SET stage = 'handoff', owner = $1 WHERE id = $2", rep, ada)
	exec(t, s, "UPDATE scores SET band = 'hot' WHERE lead_id = $1", ada)
	for name, c := range map[string]struct {
		filter record.LeadFilter
		want   []string
	}{
		"all, newest first":    {record.LeadFilter{}, []string{bob, ada}},
		"stage":                {record.LeadFilter{Stage: []string{"handoff"}}, []string{ada}},
		"stages":               {record.LeadFilter{Stage: []string{"handoff", "captured"}}, []string{bob, ada}},
		"erased are not there": {record.LeadFilter{Stage: []string{"erased"}}, nil},
		"owner":                {record.LeadFilter{Owner: rep}, []string{ada}},
		"an owner unheard of":  {record.LeadFilter{Owner: newID()}, nil},
		"band":                 {record.LeadFilter{Band: "hot"}, []string{ada}},
		"source":               {record.LeadFilter{Source: "web"}, []string{ada}},
		"part of an address":   {record.LeadFilter{Query: "A@ONE"}, []string{ada}},
		"first and last name":  {record.LeadFilter{Query: "ada lo"}, []string{ada}},
		"external id":          {record.LeadFilter{Query: "crm:"}, []string{bob}},
		"a wildcard is itself": {record.LeadFilter{Query: "%_"}, []string{ada}},
		"and nothing else":     {record.LeadFilter{Query: "_"}, []string{ada}},
		"backslash":            {record.LeadFilter{Query: `\`}, nil},
		"all at once":          {record.LeadFilter{Stage: []string{"handoff"}, Owner: rep, Band: "hot", Source: "web", Query: "ada"}, []string{ada}},
	} {
		page, err := s.Leads(ctx, c.filter)
		require.NoError(t, err, name)
		require.Equal(t, c.want, leadIDs(page.Items), name)
	}
}

// Rows that come while somebody reads neither repeat nor hide any, also where many came at one moment.
func TestLeadsPageThroughEverythingOnceWhileMoreCome(t *testing.T) {
	s := house(t)
	want := inStage(t, s, lifecycle.StageNurturing, 25)
	exec(t, s, "UPDATE leads SET created_at = '2026-01-01 00:00:00.000001+00'")
	all := walk(t, func() { inStage(t, s, lifecycle.StageNurturing, 3) }, func(cursor string) (record.Page[record.Lead], error) {
		return s.Leads(t.Context(), record.LeadFilter{Cursor: cursor, Limit: 10})
	})
	require.ElementsMatch(t, want, leadIDs(all))
}

func TestInboxIsSortedByTimeLeft(t *testing.T) {
	s, ctx := floor(t), t.Context()
	team, other := newTeam(t, s, record.Team{Name: "inbound"}), newTeam(t, s, record.Team{Name: "outbound"})
	rep := newRep(t, s, "ann", func(r *record.Rep) { r.TeamID = &team })
	offered := inStage(t, s, lifecycle.StageHandoff, 5)
	for i, id := range offered { // the first has least time left; two are due at one moment, one is late already
		exec(t, s, "UPDATE leads SET owner = $1, team_id = $2, sla_state = 'running', sla_due_at = now() + $3 WHERE id = $4", rep, team, time.Duration(i/2-1)*time.Hour, id)
	}
	queued, foreign := inStage(t, s, lifecycle.StageQualified, 2), inStage(t, s, lifecycle.StageQualified, 1)
	exec(t, s, "UPDATE leads SET team_id = $1 WHERE id = $2", team, queued[0])
	exec(t, s, "UPDATE leads SET team_id = $1, sla_state = 'breached', sla_due_at = now() - interval '1 day' WHERE id = $2", other, foreign[0])
	working := inStage(t, s, lifecycle.StageWorking, 1)
	exec(t, s, "UPDATE leads SET owner = $1, team_id = $2, sla_state = 'met', sla_due_at = now() - interval '1 day' WHERE id = $3", rep, team, working[0])
	inStage(t, s, lifecycle.StageNurturing, 2)

	read := func(f record.InboxFilter) (ids []string) {
		for _, i := range walk(t, func() {}, func(cursor string) (record.Page[record.InboxItem], error) {
			f.Cursor, f.Limit = cursor, 2
			return s.Inbox(ctx, f)
		}) {
			ids = append(ids, i.LeadID)
		}
		return ids
	}
	all := read(record.InboxFilter{})
	require.Len(t, all, 9)
	require.Equal(t, foreign[0], all[0], "nobody took it in time: it waits longest")
	all = all[1:]
	for i, group := range [][]string{offered[:2], offered[2:4], offered[4:]} {
		require.ElementsMatch(t, group, all[2*i:2*i+len(group)], "what has less time left comes first")
	}
	require.ElementsMatch(t, append(append(append([]string{}, offered...), queued...), working...), read(record.InboxFilter{RepID: rep}), "a rep sees the queue of the own team, and of none")
	require.ElementsMatch(t, []string{foreign[0], queued[1]}, read(record.InboxFilter{TeamID: other}))
	require.Empty(t, read(record.InboxFilter{RepID: "nobody"}))
}

func TestTimelinePagesThroughEverythingOnce(t *testing.T) {
	s, ctx := house(t), t.Context()
	id := capture(t, s, record.Capture{Email: "ada@one.example"}).LeadID
	note := func(i int) {
		_, err := s.AddNote(ctx, record.Note{LeadID: id, Text: fmt.Sprint(i)}, lifecycle.System)
		require.NoError(t, err)
	}
	for i := range 7 {
		note(i)
	}
	exec(t, s, "UPDATE timeline SET at = now()")
	count := one[int](t, s, "SELECT count(*) FROM timeline")
	seen := map[string]bool{}
	all := walk(t, func() { note(0) }, func(cursor string) (record.Page[record.TimelineItem], error) {
		return s.Timeline(ctx, id, cursor, 3)
	})
	for _, i := range all {
		require.False(t, seen[i.ID], "twice")
		seen[i.ID] = true
		require.NotEmpty(t, i.Kind)
		require.NotEmpty(t, i.Actor.Type)
		require.Equal(t, 1, i.Cycle)
		require.NotNil(t, i.Data)
	}
	require.Len(t, all, count, "what came meanwhile is newer than where the reader is")
}

// A cursor belongs to its list: in another it would quietly skip rows.
func TestACursorIsRefusedByEveryOtherList(t *testing.T) {
	s, ctx := floor(t), t.Context()
	for i := range 2 {
		newRep(t, s, fmt.Sprint("r", i), nil)
		capture(t, s, record.Capture{Email: fmt.Sprintf("p%d@one.example", i)})
		_, err := s.CreateKey(ctx, record.Key{Name: "k", Role: "ops", Prefix: "p"}, []byte{byte(i)})
		require.NoError(t, err)
		_, err = s.Suppress(ctx, fmt.Sprintf("s%d@one.example", i), "manual")
		require.NoError(t, err)
	}
	inStage(t, s, lifecycle.StageHandoff, 2)
	lists := map[string]func(cursor string) (string, error){
		"leads": func(c string) (string, error) {
			p, err := s.Leads(ctx, record.LeadFilter{Cursor: c, Limit: 1})
			return p.NextCursor, err
		},
		"inbox": func(c string) (string, error) {
			p, err := s.Inbox(ctx, record.InboxFilter{Cursor: c, Limit: 1})
			return p.NextCursor, err
		},
		"mails": func(c string) (string, error) { p, err := s.Mails(ctx, "", "", c, 1); return p.NextCursor, err },
		"reps":  func(c string) (string, error) { p, err := s.Reps(ctx, c, 1); return p.NextCursor, err },
		"keys":  func(c string) (string, error) { p, err := s.Keys(ctx, c, 1); return p.NextCursor, err },
		"suppressions": func(c string) (string, error) {
			p, err := s.Suppressions(ctx, "", c, 1)
			return p.NextCursor, err
		},
		"models":    func(c string) (string, error) { p, err := s.Models(ctx, c, 1); return p.NextCursor, err },
		"sequences": func(c string) (string, error) { p, err := s.Sequences(ctx, c, 1); return p.NextCursor, err },
	}
	for name, list := range lists {
		cursor, err := list("")
		require.NoError(t, err, name)
		for other, read := range lists {
			if other != name && cursor != "" {
				_, err := read(cursor)
				require.ErrorIs(t, err, record.ErrBadCursor, "the cursor of %s in %s", name, other)
			}
		}
		for _, wrong := range []string{"x", "MTIz", cursor + "A", sealed("list "+name, "zzzzzzzzzzzz."+newID()), sealed("list "+name, "-1."+newID()), sealed("list "+name, "\x00@1"), sealed("list "+name, "")} {
			_, err := list(wrong)
			require.ErrorIs(t, err, record.ErrBadCursor, "%q in %s", wrong, name)
		}
	}
}

// A house that publishes no model makes offers with nothing to explain.
func TestTheInboxShowsOffersWithoutAnExplanation(t *testing.T) {
	s := floor(t)
	newRep(t, s, "rep", nil)
	o := offer(t, s, inStage(t, s, lifecycle.StageQualified, 1)[0], 1).Offer
	exec(t, s, "UPDATE leads SET stage = 'handoff', assignment_id = $1, owner = $2", o.Assignment, o.Rep)
	for _, explanation := range []string{`{"items": null}`, `null`, `{}`} {
		exec(t, s, "UPDATE assignments SET explanation = $1::text::jsonb", explanation)
		page, err := s.Inbox(t.Context(), record.InboxFilter{})
		require.NoError(t, err, explanation)
		require.Len(t, page.Items, 1)
		require.Empty(t, page.Items[0].Reasons)
	}
}
