package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func offersChecked(t *testing.T, s *Store) (record.OffersVerified, []record.OfferDifference) {
	t.Helper()
	var all []record.OfferDifference
	out, err := s.VerifyOffers(t.Context(), func(d record.OfferDifference) { all = append(all, d) }, func(done, total int) { require.LessOrEqual(t, done, total) })
	require.NoError(t, err)
	return out, all
}

// offeredLately makes a lead that did something and was offered, and answers it with its offer.
func offeredLately(t *testing.T, s *Store, email string, more ...record.Event) (lead, offerID string) {
	t.Helper()
	lead = capture(t, s, record.Capture{Email: email, Profile: map[string]any{"title": "Chief", "custom.plan": "gold"}}).LeadID
	exec(t, s, "UPDATE leads SET stage = 'qualified' WHERE id = $1", lead)
	ingest(t, s, record.Event{LeadID: lead, Type: "form_submit", ClientID: email}, record.Event{LeadID: lead, Type: "cta_click", OccurredAt: time.Now().Add(-50 * time.Hour)})
	for _, e := range more {
		e.LeadID = lead
		ingest(t, s, e)
	}
	for i := range 3 {
		ingest(t, s, record.Event{LeadID: lead, Type: "page_view", OccurredAt: time.Now().Add(-time.Duration(i) * time.Hour)})
	}
	return lead, offer(t, s, lead, 1).Offer.Assignment
}

// long makes everything of the offers and their leads so old that nothing is under way any more.
func long(t *testing.T, s *Store) {
	t.Helper()
	for _, sql := range []string{
		"UPDATE events SET received_at = received_at - interval '10 days', occurred_at = occurred_at - interval '10 days'",
		"UPDATE profile_values SET learned_at = learned_at - interval '10 days'",
		`UPDATE assignments SET offered_at = offered_at - interval '9 days', explanation = jsonb_set(explanation, '{at}', to_jsonb((explanation ->> 'at')::timestamptz - interval '9 days'))`,
		"UPDATE leads SET created_at = created_at - interval '20 days'",
	} {
		exec(t, s, sql)
	}
}

// Whatever happens to a lead afterwards, and whichever model is published: what was said when it was offered comes out again.
func TestVerifyOffers_whatWasSaidComesOutAgain(t *testing.T) {
	s := floor(t)
	newRep(t, s, "ann", nil)
	lead, _ := offeredLately(t, s, "ada@example.com", record.Event{Type: "content_download", OccurredAt: time.Now().Add(-99 * time.Hour)})
	_, gone := offeredLately(t, s, "gone@example.com")
	was := one[int](t, s, "SELECT score FROM assignments WHERE lead_id = $1", lead)
	require.Greater(t, was, 50)
	out, all := offersChecked(t, s)
	require.Empty(t, all)
	require.Equal(t, record.OffersVerified{Offers: 2}, out)

	ingest(t, s, record.Event{LeadID: lead, Type: "webinar_attendance", OccurredAt: time.Now().Add(-time.Hour)})
	unscore(t, s, lead, idOf(t, s, "ada@example.com"))
	require.NoError(t, s.PatchLead(t.Context(), lead, record.Capture{Profile: map[string]any{"title": "Clerk", "custom.plan": nil}, Via: "api"}))
	exec(t, s, "INSERT INTO adjustments (lead_id, cycle, at, policy) VALUES ($1, 2, clock_timestamp(), 'zero')", lead)
	version(t, s, ruled(1, 40, "300d"))
	require.NoError(t, s.Rescore(t.Context()))
	out, all = offersChecked(t, s)
	require.Empty(t, all)
	require.Equal(t, record.OffersVerified{Offers: 2}, out, "to the point, and none by way of what was under way")
	then := one[time.Time](t, s, "SELECT (explanation ->> 'at')::timestamptz FROM assignments WHERE lead_id = $1", lead)
	require.Equal(t, was, explained(t, s, lead, then, 1).Score, "whoever asks is told the same")

	require.NoError(t, s.EraseLead(t.Context(), one[string](t, s, "SELECT lead_id::text FROM assignments WHERE id = $1", gone), sysActor))
	out, _ = offersChecked(t, s)
	require.Equal(t, record.OffersVerified{Offers: 2, Unscored: 1}, out)
}

func TestVerifyOffers_findsWhatWasPlanted(t *testing.T) {
	s := floor(t)
	newRep(t, s, "ann", nil)
	for i, tc := range []struct{ part, sql string }{
		{"stored", "UPDATE assignments SET score = score + 1 WHERE id = $2 AND lead_id = $1"},
		{"score", `UPDATE assignments SET score = score + 1, explanation = jsonb_set(explanation, '{score}', to_jsonb(score + 1)) WHERE id = $2 AND lead_id = $1`},
		{"engagement", "UPDATE events SET type = 'page_visit' WHERE lead_id = $1 AND type = 'form_submit' AND $2::text <> ''"},
		{"items", "UPDATE assignments SET explanation = jsonb_set(explanation, '{items,0,points}', '1') WHERE id = $2 AND lead_id = $1"},
		{"fit", "UPDATE profile_values SET learned_at = now() WHERE lead_id = $1 AND field = 'title' AND $2::text <> ''"},
		{"band", "UPDATE assignments SET explanation = jsonb_set(explanation, '{band}', '\"hot\"') WHERE id = $2 AND lead_id = $1"},
		{"engagement", "UPDATE events SET voided_at = received_at, void_reason = 'x' WHERE lead_id = $1 AND type = 'form_submit' AND $2::text <> ''"},
	} {
		lead, id := offeredLately(t, s, fmt.Sprintf("p%d@example.com", i))
		long(t, s)
		_, all := offersChecked(t, s)
		require.Empty(t, all)
		exec(t, s, tc.sql, lead, id)
		out, all := offersChecked(t, s)
		require.Equal(t, 1, out.Different, "%s: %+v", tc.part, out)
		found := false
		for _, d := range all {
			require.Equal(t, []string{lead, id}, []string{d.LeadID, d.AssignmentID})
			require.NotEqual(t, d.Stored, d.Recomputed)
			found = found || d.Part == tc.part
		}
		require.True(t, found, "%s: %+v", tc.part, all)
		exec(t, s, "DELETE FROM assignments WHERE id = $1", id)
	}
}

// A transaction has the time of its beginning: what began before the offer and was written after it is not what it knew, nor is
// the offer wrong. What is no longer kept cannot be recomputed, and is no difference either.
func TestVerifyOffers_whatCannotBeTold(t *testing.T) {
	s := floor(t)
	newRep(t, s, "ann", nil)
	lead, id := offeredLately(t, s, "ada@example.com")
	at := one[time.Time](t, s, "SELECT (explanation ->> 'at')::timestamptz FROM assignments WHERE id = $1", id)
	happens(t, s, lead, "webinar_attendance", at.Add(-time.Hour), at.Add(-time.Second), "")
	learns(t, s, lead, "title", `"Clerk"`, at.Add(-time.Millisecond))
	out, all := offersChecked(t, s)
	require.Empty(t, all)
	require.Equal(t, record.OffersVerified{Offers: 1}, out, "the offer has a mark of what it knew: there is no doubt")
	require.Empty(t, explained(t, s, lead, at, 1).Knew, "which is nobody else's")
	exec(t, s, "UPDATE assignments SET explanation = jsonb_set(explanation, '{knew}', '\"0000000000000000/0000000000000000\"')")
	out, _ = offersChecked(t, s)
	require.Equal(t, record.OffersVerified{Offers: 1, Different: 1}, out, "it is said to have known something else, which did not make it")
	exec(t, s, "UPDATE assignments SET explanation = explanation - 'knew'")
	out, all = offersChecked(t, s)
	require.Empty(t, all)
	require.Equal(t, record.OffersVerified{Offers: 1, Unsettled: 1}, out, "of a release before")
	exec(t, s, "UPDATE events SET received_at = $2 WHERE lead_id = $1 AND type = 'webinar_attendance'", lead, at.Add(-time.Hour))
	out, _ = offersChecked(t, s)
	require.Equal(t, record.OffersVerified{Offers: 1, Different: 1}, out, "an hour before it was over")
	exec(t, s, "UPDATE events_kept SET since = now() + interval '1 second'")
	out, _ = offersChecked(t, s)
	require.Equal(t, record.OffersVerified{Offers: 1, Unknown: 1}, out)
}

// Offers beside what is written of the same leads: each comes out again.
func TestVerifyOffers_amongEvents(t *testing.T) {
	s := floor(t)
	newRep(t, s, "ann", nil)
	leads := inStage(t, s, lifecycle.StageQualified, 20)
	for n := range 2 {
		together(t, 60, func(i int) error {
			lead := leads[i%20]
			if i < 20 {
				c := command(lead, lifecycle.CommandOffer, fmt.Sprintf("offer/%d", n+1))
				c.N = n + 1
				_, err := s.Offer(t.Context(), c)
				return err
			}
			return takeAll(t.Context(), s, []record.Event{{LeadID: lead, Type: "form_submit"}, {LeadID: lead, Type: "page_view"}})
		})
	}
	out, all := offersChecked(t, s)
	require.Empty(t, all)
	require.Equal(t, record.OffersVerified{Offers: 40}, out, "to the point, whatever was under way")
}
