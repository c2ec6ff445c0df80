package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func mergeInto(t *testing.T, s *Store, loser, into string) record.MergeReport {
	t.Helper()
	report, err := s.Merge(t.Context(), record.Merge{LeadID: loser, Into: into, Reason: "duplicate", Actor: sysActor})
	require.NoError(t, err)
	return report
}

// scoredAsExplained holds that what is stored of a lead is what its events say.
func scoredAsExplained(t *testing.T, s *Store, id string) int {
	t.Helper()
	lead, err := s.Lead(t.Context(), id)
	require.NoError(t, err)
	told, err := s.ExplainScore(t.Context(), id, time.Time{}, 0)
	require.NoError(t, err)
	require.Equal(t, told.Score, lead.Score)
	require.InDelta(t, told.Engagement, lead.Engagement, 1e-4)
	var differ []record.ScoreDifference
	_, err = s.VerifyScores(t.Context(), 0, func(d record.ScoreDifference) { differ = append(differ, d) }, func(int, int) {})
	require.NoError(t, err)
	require.Empty(t, differ, "of all leads")
	return lead.Score
}

func TestTwoLeadsBecomeOne(t *testing.T) {
	s := floor(t)
	visitor := "visitor-0123456789abcdef"
	ada := newLead(t, s, "ada@example.com")
	old := capture(t, s, record.Capture{
		Email: "ada@old.example.com", ExternalID: "crm:1", VisitorID: visitor, Profile: map[string]any{"title": "Chief", "city": "Rome"},
		Source: record.Source{Channel: "ads", Campaign: "Spring"}, SourceCode: "ads",
	}).LeadID
	exec(t, s, `UPDATE leads SET profile = '{"city": "Oslo"}' WHERE id = $1`, ada)
	ingest(t, s,
		record.Event{LeadID: ada, Type: "webinar_attendance", ClientID: "w1"}, record.Event{LeadID: old, Type: "webinar_attendance", ClientID: "w1"},
		record.Event{LeadID: old, Type: "content_download", ClientID: "c1"}, record.Event{LeadID: old, Type: "cta_click"},
	)
	exec(t, s, "DELETE FROM outbox")

	report := mergeInto(t, s, old, ada)
	require.Equal(t, []int{2, 1, 1}, []int{report.Joined.Events, report.Joined.Duplicates, report.Joined.Visitors})
	require.Equal(t, []string{"title"}, report.Effects.Fields, "what is known stays")
	require.Equal(t, []any{20, 67}, []any{report.Effects.ScoreBefore, report.Effects.Score}, "w1 counts once")
	require.Equal(t, 67, scoredAsExplained(t, s, ada))
	require.Equal(t, "erased", heard(t, s, old), "its run is told to end")
	lead, err := s.Lead(t.Context(), ada)
	require.NoError(t, err)
	require.Equal(t, []any{"ada@example.com", "crm:1"}, []any{*lead.Email, *lead.ExternalID}, "the key that it lacked comes along")

	var merged *record.Merged
	gone, err := s.Lead(t.Context(), old)
	require.ErrorAs(t, err, &merged)
	require.ErrorIs(t, err, record.ErrErased, "nobody does anything for it any more")
	require.Equal(t, []any{ada, record.StageMerged, ada}, []any{merged.Into, gone.Stage, *gone.MergedInto})
	loaded, err := s.LoadLead(t.Context(), old, time.Now())
	require.NoError(t, err)
	require.Equal(t, lifecycle.StageErased, loaded.Stage, "no run begins any more")

	page, err := s.Timeline(t.Context(), ada, "", 200)
	require.NoError(t, err)
	var lines []string
	for _, i := range page.Items {
		whose := "ada"
		if i.Data["merged_from"] == old {
			whose = "old"
		}
		lines = append(lines, i.Kind+" "+whose)
	}
	require.ElementsMatch(t, []string{"captured ada", "captured old", "merged_in ada", "merged old"}, lines, "of both, and marked")
	page, err = s.Timeline(t.Context(), old, "", 200)
	require.NoError(t, err)
	require.Equal(t, ada, page.Items[0].Data["into"])

	require.Equal(t, report.Joined, mergeInto(t, s, old, ada).Joined, "the same again")
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM merges"))
}

func TestWhatNamesAMergedLeadIsTheOthers(t *testing.T) {
	s := house(t)
	visitor := "visitor-0123456789abcdef"
	ada, old, older := newLead(t, s, "ada@example.com"), newLead(t, s, "ada@old.example.com"), newLead(t, s, "ada@older.example.com")
	capture(t, s, record.Capture{Email: "ada@old.example.com", VisitorID: visitor})
	ingest(t, s, record.Event{LeadID: older, Type: "form_submit", ClientID: "f0"})
	mergeInto(t, s, older, old)
	mergeInto(t, s, old, ada)
	require.Equal(t, ada, one[string](t, s, "SELECT merged_into FROM leads WHERE id = $1", older), "a chain points to its end")

	for _, e := range []record.Event{{LeadID: old}, {LeadID: older}, {Email: "ada@old.example.com"}, {Email: "ada@older.example.com"}, {VisitorID: visitor}} {
		e.Type, e.ClientID = "form_submit", "f/"+e.LeadID+e.Email+e.VisitorID
		got := ingest(t, s, e, e)
		require.Equal(t, []any{ada, "", false, true}, []any{got[0].LeadID, got[0].Code, got[0].Duplicate, got[1].Duplicate}, e)
	}
	require.True(t, ingest(t, s, record.Event{LeadID: older, Type: "form_submit", ClientID: "f0"})[0].Duplicate, "an id is known that came before the merge")
	require.Equal(t, 30, scoredAsExplained(t, s, ada))
	require.Equal(t, ada, capture(t, s, record.Capture{Email: "ada@older.example.com", Profile: map[string]any{"city": "Rome"}}).LeadID)
	require.Equal(t, ada, capture(t, s, record.Capture{Email: "ada@old.example.com", ExternalID: "crm:7"}).LeadID)
	got, err := s.PreviewCapture(t.Context(), record.Capture{Email: "ada@older.example.com"})
	require.NoError(t, err)
	require.Equal(t, ada, got.LeadID)
	require.NoError(t, s.Identify(t.Context(), "visitor-fedcba9876543210", older))
	require.Equal(t, ada, one[string](t, s, "SELECT lead_id FROM visitors WHERE visitor_id = 'visitor-fedcba9876543210'"))
	noted, err := s.Hit(t.Context(), record.Hit{Event: record.Event{LeadID: old, Type: "email_click", ClientID: "h"}, MailID: newID(), Link: "x"})
	require.NoError(t, err)
	require.False(t, noted.Duplicate)
	require.Equal(t, 0, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id <> $1", ada))

	require.NoError(t, s.Unsubscribe(t.Context(), old), "by the link of a mail to the old address")
	suppressed, err := s.suppressed(t.Context(), "ada@example.com", "ada@old.example.com")
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"ada@example.com": true, "ada@old.example.com": true}, suppressed)
	_, err = s.AddNote(t.Context(), record.Note{LeadID: old, Text: "x"}, lifecycle.System)
	var merged *record.Merged
	require.ErrorAs(t, err, &merged, "people are told which lead it is")
}

func TestAnImportFindsWhoWasMerged(t *testing.T) {
	s := house(t)
	ada, old := newLead(t, s, "ada@example.com"), newLead(t, s, "ada@old.example.com")
	mergeInto(t, s, old, ada)
	id := newImport(t, s, 2)
	require.NoError(t, s.StartImport(t.Context(), id, 2, 0))
	imp, _, err := s.ClaimImport(t.Context())
	require.NoError(t, err)
	rows, err := s.CaptureRows(t.Context(), []record.Capture{
		{Email: "ada@old.example.com", Via: "import", Profile: map[string]any{"city": "Rome"}, FillBlanks: true, Row: &record.ImportRef{ImportID: imp.ID, Claim: imp.Claim, Row: 2}},
		{Email: "new@example.com", Via: "import", Row: &record.ImportRef{ImportID: imp.ID, Claim: imp.Claim, Row: 3}},
	})
	require.NoError(t, err)
	require.Equal(t, ada, rows[0].LeadID)
	require.True(t, rows[1].Created)
	require.Equal(t, "Rome", one[string](t, s, "SELECT profile ->> 'city' FROM leads WHERE id = $1", ada))
}

func TestTheStricterOfBothHolds(t *testing.T) {
	s := house(t)
	n := 0
	person := func(change func(id, email string)) string {
		n++
		email := fmt.Sprintf("p%d@example.com", n)
		id := newLead(t, s, email)
		change(id, email)
		return id
	}
	silent := func(string, string) {}
	says := func(purpose string, yes bool) func(string, string) {
		return func(_, email string) {
			capture(t, s, record.Capture{Email: email, Consent: &record.Consent{Purpose: purpose, Granted: yes}})
		}
	}
	suppressedAs := func(reason string) func(string, string) {
		return func(_, email string) {
			_, err := s.Suppress(t.Context(), email, reason)
			require.NoError(t, err)
		}
	}
	for name, c := range map[string]struct {
		loser, into func(id, email string)
		suppressed  bool
		consent     map[string]bool
	}{
		"unsubscribed":                   {func(id, _ string) { require.NoError(t, s.Unsubscribe(t.Context(), id)) }, silent, true, map[string]bool{}},
		"said no":                        {says("marketing", false), says("marketing", true), true, map[string]bool{"marketing": false}},
		"no to a topic":                  {says("news", false), silent, false, map[string]bool{"news": false}},
		"suppressed by hand":             {suppressedAs("manual"), silent, true, map[string]bool{}},
		"an address that bounced":        {suppressedAs("hard_bounce"), silent, false, map[string]bool{}},
		"a yes to another address":       {says("marketing", true), silent, false, map[string]bool{}},
		"the one that goes on said no":   {says("marketing", true), says("marketing", false), true, map[string]bool{"marketing": false}},
		"the run was told, the list not": {func(id, _ string) { exec(t, s, "UPDATE leads SET muted = 'complained' WHERE id = $1", id) }, silent, true, map[string]bool{}},
	} {
		loser, into := person(c.loser), person(c.into)
		mergeInto(t, s, loser, into)
		email := one[string](t, s, "SELECT email FROM leads WHERE id = $1", into)
		suppressed, err := s.suppressed(t.Context(), email)
		require.NoError(t, err)
		require.Equal(t, c.suppressed, suppressed[email], name)
		require.Equal(t, c.consent, one[map[string]bool](t, s, "SELECT consent FROM leads WHERE id = $1", into), name)
	}
	loser, into := person(silent), person(silent)
	require.NoError(t, s.Choose(t.Context(), record.Chosen{LeadID: loser, MailsPerWeek: ptr(1)}))
	require.NoError(t, s.Choose(t.Context(), record.Chosen{LeadID: into, MailsPerWeek: ptr(3)}))
	mergeInto(t, s, loser, into)
	require.Equal(t, 1, one[int](t, s, "SELECT mails_per_week FROM preferences WHERE lead_id = $1", into))
	_, err := s.Unmerge(t.Context(), loser, sysActor)
	require.NoError(t, err)
	require.Equal(t, 3, one[int](t, s, "SELECT mails_per_week FROM preferences WHERE lead_id = $1", into))
}

func ptr[T any](v T) *T { return &v }

func TestTheSameMailIsNotSentToBoth(t *testing.T) {
	s := garden(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	old, mail := queued(t, s, "ada@old.example.com")
	require.NotEmpty(t, claim(t, s, record.LaneBulk))
	require.Empty(t, sending(t, s, mail))
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	late, lateMail := queued(t, s, "ada@late.example.com") // the same step waits here
	third, waits := queued(t, s, "ada@third.example.com")

	require.Equal(t, 1, mergeInto(t, s, third, ada).Joined.MailsEnded)
	require.Equal(t, "expired merged", state(t, s, waits))
	mergeInto(t, s, old, ada)
	require.Equal(t, "sending", state(t, s, mail), "what is being sent is sent")
	require.Equal(t, "hello", goOn(t, s, ada, lifecycle.Position{}, now).Mail)
	require.Equal(t, "suppressed sent_before_merge", one[string](t, s, "SELECT state || ' ' || code FROM deliveries WHERE lead_id = $1 AND kind = 'nurture'", ada))
	require.NoError(t, s.FinishDelivery(t.Context(), held(t, s, mail), "sent", ""))
	require.Equal(t, "sent", state(t, s, mail), "and its end is noted")

	require.Equal(t, 1, mergeInto(t, s, ada, late).Effects.NotAgain)
	require.Equal(t, "suppressed sent_before_merge", state(t, s, lateMail))
	page, err := s.Mails(t.Context(), "", late, "", 50)
	require.NoError(t, err)
	require.Len(t, page.Items, 4, "the ledger of all of them")

	exec(t, s, "UPDATE leads SET cycle = 2, cycle_started_at = now() + interval '1 second' WHERE id = $1", late)
	c := command(late, lifecycle.CommandMail, "mail/welcome@1//2")
	c.Position, c.At, c.Cycle = lifecycle.Position{Sequence: "welcome", Version: 1}, now, 2
	_, err = s.GoOn(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "queued", one[string](t, s, "SELECT state FROM deliveries WHERE lead_id = $1 AND cycle = 2", late), "another cycle is another round")
}

// A step that one of them comes to while they are merged waits for the merge, and knows of it.
func TestAStepThatWaitedForAMergeKnowsOfIt(t *testing.T) {
	s := garden(t)
	old, mail := queued(t, s, "ada@old.example.com")
	require.NotEmpty(t, claim(t, s, record.LaneBulk))
	require.Empty(t, sending(t, s, mail))
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), "SELECT FROM deliveries WHERE lead_id = $1 FOR UPDATE", old) // what a merge comes to once it has locked both
	require.NoError(t, err)
	waiting := func(n int) {
		require.Eventually(t, func() bool {
			return one[int](t, s, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == n
		}, 30*time.Second, 10*time.Millisecond)
	}
	ended := make(chan error, 2)
	go func() {
		_, err := s.Merge(context.WithoutCancel(t.Context()), record.Merge{LeadID: old, Into: ada, Actor: sysActor})
		ended <- err
	}()
	waiting(1)
	c := command(ada, lifecycle.CommandMail, "mail/welcome@1//1")
	c.Position = lifecycle.Position{Sequence: "welcome", Version: 1}
	go func() {
		_, err := s.GoOn(context.WithoutCancel(t.Context()), c)
		ended <- err
	}()
	waiting(2)
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-ended)
	require.NoError(t, <-ended)
	require.Equal(t, "suppressed sent_before_merge", one[string](t, s, "SELECT state || ' ' || code FROM deliveries WHERE lead_id = $1 AND kind = 'nurture'", ada))
}

// While Temporal is away leads are captured and merged all the same. The run that begins after it is in the cycle of the merge.
func TestARunThatBeginsAfterTheMergeIsSentNothingAgain(t *testing.T) {
	s := garden(t)
	old, mail := queued(t, s, "ada@old.example.com")
	require.NotEmpty(t, claim(t, s, record.LaneBulk))
	require.Empty(t, sending(t, s, mail))
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	mergeInto(t, s, old, ada)
	exec(t, s, "UPDATE leads SET cycle_started_at = now() + interval '1 hour' WHERE id = $1", ada) // as its run says
	require.Equal(t, "hello", goOn(t, s, ada, lifecycle.Position{}, time.Now().UTC().Truncate(time.Microsecond)).Mail)
	require.Equal(t, "suppressed sent_before_merge", one[string](t, s, "SELECT state || ' ' || code FROM deliveries WHERE lead_id = $1 AND kind = 'nurture'", ada))
}

func TestOpenOffersOfTheOneThatEndsAreEnded(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rita", nil)
	leads := inStage(t, s, lifecycle.StageQualified, 1)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	offered := offer(t, s, leads[0], 1).Offer.Assignment
	exec(t, s, "UPDATE leads SET stage = 'handoff', assignment_id = $2, owner = $3 WHERE id = $1", leads[0], offered, rep)
	exec(t, s, "INSERT INTO decisions (id, lead_id, kind, body, fingerprint) VALUES ($1, $2, 'accept', '{}', 'x')", newID(), leads[0])
	exec(t, s, "INSERT INTO decisions (id, lead_id, kind, body, fingerprint, state, unkept) VALUES ($1, $2, 'undo', '{}', 'y', 'applied', 3)", newID(), leads[0])
	report := mergeInto(t, s, leads[0], ada)
	require.Equal(t, []int{1, 1}, []int{report.Joined.OffersEnded, report.Joined.Refused})
	require.Equal(t, "withdrawn merged", one[string](t, s, "SELECT state || ' ' || reason FROM assignments WHERE id = $1", offered))
	require.Equal(t, []string{"refused merged 0", "applied  0"}, many[string](t, s, "SELECT state || ' ' || code || ' ' || unkept FROM decisions ORDER BY fingerprint"),
		"nobody asks its run again")
	require.Equal(t, "queued", one[string](t, s, "SELECT state FROM deliveries WHERE kind = 'offer_withdrawn' AND rep_id = $1 AND lead_id = $2", rep, ada))
	require.Equal(t, "mql", heard(t, s, ada), "sales get the one that goes on instead")
	_, err := s.OfferPage(t.Context(), record.OfferAsked{LeadID: leads[0], AssignmentID: offered, RepID: rep})
	var merged *record.Merged
	require.ErrorAs(t, err, &merged)
	require.Equal(t, ada, merged.Into)

	working := inStage(t, s, lifecycle.StageWorking, 1)[0]
	hook := newID()
	exec(t, s, "INSERT INTO deliveries (id, key, lane, channel, kind, lead_id) VALUES ($1, 'hook', 'webhook', 'webhook', 'merged', $2)", hook, ada)
	_, err = s.Merge(t.Context(), record.Merge{LeadID: working, Into: ada})
	var refused *record.MergeRefused
	require.ErrorAs(t, err, &refused)
	require.Equal(t, record.CodeLoserAhead, refused.Code)
	exec(t, s, "UPDATE merges SET at = now() - interval '3 days'")
	exec(t, s, "INSERT INTO merge_events SELECT id, id, now() - interval '3 days' FROM merges")
	mergeInto(t, s, ada, working)
	require.Equal(t, "queued", state(t, s, hook), "subscribers and the rep are told all the same")
	require.Equal(t, "queued", one[string](t, s, "SELECT state FROM deliveries WHERE kind = 'offer_withdrawn' AND rep_id = $1 AND lead_id = $2", rep, working))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM merge_events"), "what can no longer be undone is forgotten")
}

func TestADryRunSaysTheSameAndChangesNothing(t *testing.T) {
	s := house(t)
	ada, old := newLead(t, s, "ada@example.com"), newLead(t, s, "ada@old.example.com")
	ingest(t, s, record.Event{LeadID: old, Type: "demo_request"}, record.Event{LeadID: old, Type: "webinar_attendance"})
	require.NoError(t, s.Unsubscribe(t.Context(), old))
	before := wholeDatabase(t, s)
	dry, err := s.Merge(t.Context(), record.Merge{LeadID: old, Into: ada, Reason: "duplicate", DryRun: true})
	require.NoError(t, err)
	require.Equal(t, before, wholeDatabase(t, s))
	done := mergeInto(t, s, old, ada)
	require.True(t, dry.DryRun)
	require.Empty(t, dry.ID)
	require.Equal(t, []any{done.Joined, done.Effects}, []any{dry.Joined, dry.Effects})
}

func TestMergesAtOnce(t *testing.T) {
	s := house(t)
	for n := range 8 {
		a, b := newLead(t, s, fmt.Sprintf("a%d@example.com", n)), newLead(t, s, fmt.Sprintf("b%d@example.com", n))
		var won, told atomic.Int32
		together(t, 16, func(i int) error {
			loser, into := a, b
			if i%2 == 0 {
				loser, into = b, a
			}
			switch i % 4 {
			case 0, 1:
				_, err := s.Merge(context.Background(), record.Merge{LeadID: loser, Into: into})
				if err == nil {
					won.Add(1)
					return nil
				}
				told.Add(1)
				return ignoring[*record.Merged](err)
			default: // while everything goes on
				if err := takeAll(context.Background(), s, []record.Event{{LeadID: loser, Type: "form_submit", ClientID: fmt.Sprint(i)}, {Email: fmt.Sprintf("a%d@example.com", n), Type: "cta_click"}}); err != nil {
					return err
				}
				_, err := s.Capture(context.Background(), record.Capture{Email: fmt.Sprintf("b%d@example.com", n), Via: "api", Profile: map[string]any{"city": "Rome"}})
				return err
			}
		})
		require.Equal(t, []int32{4, 4}, []int32{won.Load(), told.Load()}, "one direction wins, and is told so each time it is asked")
		survivor := one[string](t, s, "SELECT into_id FROM merges WHERE lead_id IN ($1, $2)", a, b)
		require.Equal(t, 16, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", survivor))
		require.Equal(t, 0, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id IN ($1, $2) AND lead_id <> $3", a, b, survivor))
		scoredAsExplained(t, s, survivor)
	}
}

// ignoring passes over one kind of error.
func ignoring[E error](err error) error {
	var e E
	if asError(err, &e) {
		return nil
	}
	return err
}

func TestChainsMadeAtOncePointToTheirEnd(t *testing.T) {
	s := house(t)
	for n := range 6 {
		ids := make([]string, 5)
		for i := range ids {
			ids[i] = newLead(t, s, fmt.Sprintf("l%d-%d@example.com", n, i))
		}
		together(t, 4, func(i int) error {
			_, err := s.Merge(context.Background(), record.Merge{LeadID: ids[i], Into: ids[i+1]})
			return ignoring[*record.Merged](err)
		})
		require.Zero(t, one[int](t, s, `SELECT count(*) FROM leads l JOIN leads o ON o.id = l.merged_into WHERE o.merged_into IS NOT NULL`), "nobody points to one that points on")
		require.Equal(t, one[int](t, s, "SELECT count(*) FROM leads WHERE merged_into IS NOT NULL"), one[int](t, s, "SELECT count(*) FROM merges"))
	}
}

func TestAMergeWhileItsMailIsBeingSent(t *testing.T) {
	s := garden(t)
	for n := range 6 {
		old, mail := queued(t, s, fmt.Sprintf("old%d@example.com", n))
		ada, other := queued(t, s, fmt.Sprintf("new%d@example.com", n))
		require.Len(t, claim(t, s, record.LaneBulk), 2)
		d, o := held(t, s, mail), held(t, s, other)
		var went [2]string
		together(t, 3, func(i int) error {
			if i == 2 {
				_, err := s.Merge(context.Background(), record.Merge{LeadID: old, Into: ada})
				return err
			}
			stop, err := s.Sending(context.Background(), []record.Delivery{d, o}[i])
			went[i] = stop
			return err
		})
		for i, id := range []string{mail, other} {
			require.Equal(t, went[i] == "", one[bool](t, s, "SELECT state = 'sending' FROM deliveries WHERE id = $1", id), "who sends is told so by the ledger, %q", went[i])
		}
		// Both left only where both had begun before the merge; after it the step is closed.
		now := time.Now().UTC().Truncate(time.Microsecond)
		goOn(t, s, ada, lifecycle.Position{}, now)
		require.Zero(t, one[int](t, s, "SELECT count(*) FROM deliveries WHERE lead_id IN ($1, $2) AND state IN ('queued', 'claimed') AND step = 'hello' AND EXISTS (SELECT FROM deliveries WHERE lead_id = $1 AND state = 'sending')", old, ada))
	}
}

func TestWhoIsErasedIsErasedAsAWhole(t *testing.T) {
	for _, named := range []int{0, 1, 2} {
		s := house(t)
		zyx, _ := fill(t, s)
		exec(t, s, "UPDATE leads SET stage = 'nurturing', state = NULL, owner = NULL")
		second := capture(t, s, record.Capture{Email: "second-zyxada@example.com", Profile: map[string]any{"city": "zyxada"}}).LeadID
		third := capture(t, s, record.Capture{Email: "third-zyxada@example.com"}).LeadID
		ingest(t, s, record.Event{LeadID: second, Type: "form_submit", ClientID: "zyxada2"}, record.Event{LeadID: zyx, Type: "form_submit", ClientID: "zyxada9"})
		mergeInto(t, s, zyx, second)
		mergeInto(t, s, second, third)
		var out bytes.Buffer
		require.NoError(t, s.ExportLead(t.Context(), third, &out))
		for _, what := range []string{"second-zyxada@example.com", "zyxada@example.com", `"zyxada9"`, `"path": "/zyxada"`, "visitor-zyxada-0123456789"} {
			require.Contains(t, out.String(), what, "an export is of the whole person")
		}
		require.NoError(t, s.EraseLead(t.Context(), []string{zyx, second, third}[named], sysActor))
		require.NotContains(t, wholeDatabase(t, s), "zyxada", named)
		require.Contains(t, heard(t, s, third), "erased", "its run is told")
		for _, id := range []string{zyx, second, third} {
			_, err := s.Lead(t.Context(), id)
			var merged *record.Merged
			require.ErrorIs(t, err, record.ErrErased)
			require.False(t, asError(err, &merged))
			_, err = s.Unmerge(t.Context(), id, sysActor)
			require.ErrorIs(t, err, record.ErrErased)
		}
	}
}

func asError[E error](err error, to *E) bool { return errors.As(err, to) }

// Who looks for the address that was merged finds the lead that goes on.
func TestAMergedAddressIsFoundAsWhoGoesOn(t *testing.T) {
	s := floor(t)
	ada, old := newLead(t, s, "ada@example.com"), capture(t, s, record.Capture{Email: "zyx@old.example.com", ExternalID: "crm:77"}).LeadID
	newLead(t, s, "bob@example.com")
	mergeInto(t, s, old, ada)
	for _, q := range []string{"zyx@old", "crm:77", "ada@"} {
		page, err := s.Leads(t.Context(), record.LeadFilter{Query: q})
		require.NoError(t, err)
		require.Len(t, page.Items, 1, q)
		require.Equal(t, ada, page.Items[0].ID)
		p, err := s.PreviewBulk(t.Context(), record.LeadFilter{Query: q}, 1)
		require.NoError(t, err)
		require.Equal(t, 1, p.Total)
	}
}
