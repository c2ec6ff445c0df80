package worker_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/notify"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/worker"
)

func holdsNobody(string, string) bool { return false }

// receiver is a server on TLS that takes posts, by path.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	posts  map[string][]*http.Request
	bodies map[string][]string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK, posts: map[string][]*http.Request{}, bodies: map[string][]string{}}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.posts[req.URL.Path] = append(r.posts[req.URL.Path], req)
		r.bodies[req.URL.Path] = append(r.bodies[req.URL.Path], string(body))
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) got(path string) (bodies []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(bodies, r.bodies[path]...)
}

func (r *receiver) header(path string, n int) http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.posts[path][n].Header
}

// trusting posts to the receiver, whose certificate is nobody's, under the guard of production.
func (r *receiver) trusting(t *testing.T) *notify.Poster {
	t.Helper()
	guard := notify.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	p := notify.NewPoster(notify.Options{Guard: guard, Transport: &http.Transport{
		TLSClientConfig: r.Client().Transport.(*http.Transport).TLSClientConfig, DialContext: (&net.Dialer{Control: guard.Control}).DialContext,
	}})
	t.Cleanup(p.Close)
	return p
}

func offerTo(t *testing.T, s *store.Store, lead string) *lifecycle.Offer {
	t.Helper()
	granted, err := s.Offer(t.Context(), lifecycle.Command{ID: lead + "/1/offer/1", Kind: lifecycle.CommandOffer, Cycle: 1, N: 1, At: time.Now().UTC()})
	require.NoError(t, err)
	require.NotNil(t, granted.Offer)
	return granted.Offer
}

// told is what the timeline of a lead says of its alerts: channel and state, in the order of the alphabet.
func told(t *testing.T, s *store.Store, lead string) (out string) {
	t.Helper()
	require.NoError(t, s.Pool().QueryRow(t.Context(), `SELECT coalesce(string_agg(data ->> 'channel' || ' ' || (data ->> 'state'), ', '
		ORDER BY data ->> 'channel'), '') FROM timeline WHERE lead_id = $1 AND kind = 'told'`, lead).Scan(&out))
	return out
}

// An offer is told by mail, to the channels of its rep and of their team, and to subscribers, who may know either secret while
// it is changed. What became of each is on the timeline.
func TestTold_byEveryChannel(t *testing.T) {
	s := openHouse(t, pgtest.New(t, seeded))
	office := newPostOffice(t, holdsNobody)
	r := newReceiver(t)
	team, err := s.CreateTeam(t.Context(), record.Team{Name: "North"})
	require.NoError(t, err)
	other, err := s.CreateTeam(t.Context(), record.Team{Name: "South"})
	require.NoError(t, err)
	ann, err := s.CreateRep(t.Context(), record.Rep{Name: "Ann Seller", Email: "ann@sales.example", TimeZone: "UTC", TeamID: &team.ID, Active: true})
	require.NoError(t, err)
	subscribe := func(w record.Webhook) record.Webhook {
		w.Active = true
		out, err := s.CreateWebhook(t.Context(), w)
		require.NoError(t, err)
		return out
	}
	subscribe(record.Webhook{URL: r.URL + "/ann", Format: record.FormatSlack, RepID: &ann.ID})
	subscribe(record.Webhook{URL: r.URL + "/north", Format: record.FormatSlack, TeamID: &team.ID})
	subscribe(record.Webhook{URL: r.URL + "/south", Format: record.FormatSlack, TeamID: &other.ID})
	secrets := []string{notify.NewSecret(), notify.NewSecret(), notify.NewSecret()}
	crm := subscribe(record.Webhook{URL: r.URL + "/crm", Secret: secrets[0]})
	for _, newer := range secrets[1:] {
		_, err = s.RotateWebhook(t.Context(), crm.ID, newer, time.Hour)
		require.NoError(t, err)
	}
	h := host(t, s, office.address)
	h.Hooks.(*worker.Hooks).Poster = r.trusting(t)
	run(t, h)

	lead := capture(t, s, "hot@person.example", lifecycle.StageQualified)
	_, err = s.Pool().Exec(t.Context(), `UPDATE leads SET profile = '{"first_name": "Ada <!channel>", "company": "Engines"}' WHERE id = $1`, lead)
	require.NoError(t, err)
	offer := offerTo(t, s, lead)
	await(t, 20*time.Second, "everybody is told", func() bool { return told(t, s, lead) == "mail sent, slack sent, slack sent, webhook sent" })

	mine := r.got("/ann")
	require.Len(t, mine, 1)
	require.Contains(t, mine[0], `"type":"header"`)
	require.Contains(t, mine[0], "Engines")
	require.NotContains(t, mine[0], "<!channel>")
	require.NotContains(t, mine[0], `\u003c!channel`)
	var message struct {
		Blocks []struct {
			Type     string
			Elements []struct{ URL string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(mine[0]), &message))
	link := ""
	for _, b := range message.Blocks {
		if b.Type == "actions" {
			link = b.Elements[0].URL
		}
	}
	claims, err := letters(t, nil).Tokens.Verify(token.Decide, link[strings.LastIndexByte(link, '/')+1:], time.Now())
	require.NoError(t, err)
	require.Equal(t, ann.ID, claims.Step)
	require.Len(t, r.got("/north"), 1)
	require.Contains(t, r.got("/north")[0], "For Ann Seller.")
	require.NotContains(t, r.got("/north")[0], "/d/", "a channel of many decides nothing as one of them")
	require.Empty(t, r.got("/south"))

	body := r.got("/crm")[0]
	require.NotContains(t, body, "Ada")
	require.Contains(t, body, offer.Assignment)
	require.Len(t, strings.Fields(r.header("/crm", 0).Get(notify.HeaderSignature)), len(secrets), "twice within the hour: a receiver may know any of the three")
	for _, secret := range secrets {
		w, err := standardwebhooks.NewWebhook(secret)
		require.NoError(t, err)
		require.NoError(t, w.Verify([]byte(body), r.header("/crm", 0)))
	}
	page, err := s.Webhooks(t.Context(), "", 10)
	require.NoError(t, err)
	raw, err := json.Marshal(page)
	require.NoError(t, err)
	for _, hidden := range append(secrets, "/ann", "/north") {
		require.NotContains(t, string(raw), hidden, "the address of a Slack channel is its secret")
	}
	require.Contains(t, string(raw), "/crm")
	_, err = s.RotateWebhook(t.Context(), crm.ID, notify.NewSecret(), 0)
	require.NoError(t, err)
}

// Who is told in vain eight times is a dead letter: it is listed, and goes out again under its id when somebody says so. A
// receiver who is gone is told nothing more.
func TestTold_deadLettersAreReplayed(t *testing.T) {
	s := openHouse(t, pgtest.New(t, seeded))
	r := newReceiver(t)
	r.answers(http.StatusInternalServerError)
	w, err := s.CreateWebhook(t.Context(), record.Webhook{URL: r.URL + "/crm", Secret: notify.NewSecret(), Active: true})
	require.NoError(t, err)
	_, err = s.CreateRep(t.Context(), record.Rep{Name: "Ann", Email: "ann@sales.example", TimeZone: "UTC", Active: true})
	require.NoError(t, err)
	h := host(t, s, newPostOffice(t, holdsNobody).address)
	h.Hooks.(*worker.Hooks).Poster = r.trusting(t)
	run(t, h)
	lead := capture(t, s, "hot@person.example", lifecycle.StageQualified)
	offerTo(t, s, lead)
	find := func(state string) []record.HookDelivery {
		page, err := s.HookDeliveries(t.Context(), record.HookFilter{WebhookID: w.ID, State: state})
		require.NoError(t, err)
		return page.Items
	}
	await(t, 20*time.Second, "it is put back", func() bool { d := find("queued"); return len(d) == 1 && d[0].Code == "500" && d[0].NotBefore != nil })
	_, err = s.Pool().Exec(t.Context(), "UPDATE deliveries SET attempts = 7, not_before = now() WHERE webhook_id = $1 AND state = 'queued'", w.ID)
	require.NoError(t, err)
	await(t, 20*time.Second, "it is given up", func() bool { return len(find("failed")) == 1 })
	dead := find("failed")[0]
	require.Equal(t, []any{8, "500", lead}, []any{dead.Attempts, dead.Code, *dead.LeadID})
	require.Contains(t, told(t, s, lead), "webhook failed")

	r.answers(http.StatusNoContent)
	require.NoError(t, s.ReplayDelivery(t.Context(), dead.ID))
	await(t, 20*time.Second, "it is told after all", func() bool { return len(find("sent")) == 1 })
	n := len(r.got("/crm"))
	require.Equal(t, r.header("/crm", 0).Get(notify.HeaderID), r.header("/crm", n-1).Get(notify.HeaderID), "who has it drops it")
	require.ErrorIs(t, s.ReplayDelivery(t.Context(), dead.ID), record.ErrNotFound, "it is no dead letter any more")

	r.answers(http.StatusGone)
	offerTo(t, s, capture(t, s, "next@person.example", lifecycle.StageQualified))
	await(t, 20*time.Second, "the receiver says that it is gone", func() bool { return len(find("failed")) == 1 })
	page, err := s.Webhooks(t.Context(), "", 10)
	require.NoError(t, err)
	require.Equal(t, []any{false, "410"}, []any{page.Items[0].Active, page.Items[0].Disabled})
	again, err := s.ReplayDead(t.Context(), w.ID)
	require.NoError(t, err)
	require.Zero(t, again, "it is switched off")
	on := true
	_, err = s.ChangeWebhook(t.Context(), w.ID, record.WebhookChange{Active: &on})
	require.NoError(t, err)
	r.answers(http.StatusOK)
	again, err = s.ReplayDead(t.Context(), w.ID)
	require.NoError(t, err)
	require.Equal(t, 1, again)
	await(t, 20*time.Second, "both are told", func() bool { return len(find("sent")) == 2 })
}

// A rep who is not at work is told when they are; what the policy calls urgent does not wait.
func TestTold_quietHours(t *testing.T) {
	s := openHouse(t, pgtest.New(t, seeded))
	office := newPostOffice(t, holdsNobody)
	opens := time.Now().UTC().AddDate(0, 0, 2)
	day := strings.ToLower(opens.Format("Mon"))
	cal, err := s.CreateCalendar(t.Context(), record.Calendar{Name: "rare", Spec: calendar.Spec{
		Name: "rare", TimeZone: "UTC", Weekly: map[string][]calendar.Hours{day: {{From: "09:00", To: "17:00"}}},
	}})
	require.NoError(t, err)
	ann, err := s.CreateRep(t.Context(), record.Rep{Name: "Ann", Email: "ann@sales.example", TimeZone: "UTC", CalendarID: &cal.ID, Active: true})
	require.NoError(t, err)
	run(t, host(t, s, office.address))
	lead := capture(t, s, "hot@person.example", lifecycle.StageQualified)
	offer := offerTo(t, s, lead)
	var at time.Time
	waits := func() bool {
		err := s.Pool().QueryRow(context.Background(), "SELECT not_before FROM deliveries WHERE assignment_id = $1 AND channel = 'mail' AND state = 'queued' AND code = 'quiet_hours'", offer.Assignment).Scan(&at)
		return err == nil
	}
	await(t, 20*time.Second, "the alert waits", waits)
	want := time.Date(opens.Year(), opens.Month(), opens.Day(), 9, 0, 0, 0, time.UTC)
	require.WithinDuration(t, want, at, 2*time.Second)
	require.Equal(t, want.Add(offer.DueAt.Sub(want)), offer.DueAt.UTC())
	require.True(t, offer.DueAt.After(want), "nor does the clock run before")
	require.Empty(t, office.got(ann.Email))

	_, err = s.Pool().Exec(t.Context(), `UPDATE policies SET document = jsonb_set(document, '{notify}', '{"urgent": ["offer"]}') WHERE active`)
	require.NoError(t, err)
	_, err = s.Pool().Exec(t.Context(), "UPDATE deliveries SET not_before = now() WHERE assignment_id = $1", offer.Assignment)
	require.NoError(t, err)
	await(t, 20*time.Second, "what is urgent goes out", func() bool { return len(office.got(ann.Email)) == 1 })
	await(t, 20*time.Second, "the timeline says so", func() bool { return strings.Contains(told(t, s, lead), "mail sent") })
}
