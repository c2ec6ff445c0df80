package worker_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/notify"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

// The mail server hangs over a broadcast, and every worker of the bulk lane hangs with it: the rep hears of a hot lead at
// once all the same, by mail and by webhook.
func TestABroadcastCannotDelayAnAlert(t *testing.T) {
	s := openHouse(t, pgtest.New(t, seeded))
	office := newPostOffice(t, func(to, phase string) bool { return phase == "rcpt" && strings.HasSuffix(to, "@bulk.example") })
	posts := make(chan *http.Request, 10)
	bodies := make(chan []byte, 10)
	subscriber := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posts <- r
		bodies <- body
	}))
	t.Cleanup(subscriber.Close)
	key := notify.NewSecret()
	_, err := s.CreateWebhook(t.Context(), record.Webhook{URL: subscriber.URL, Secret: key, Kinds: []string{"handoff.offered"}, Active: true})
	require.NoError(t, err)
	rep, err := s.CreateRep(t.Context(), record.Rep{Name: "Ann Seller", Email: "ann@sales.example", TimeZone: "UTC", Active: true})
	require.NoError(t, err)
	for i := range 20 {
		queue(t, s, fmt.Sprintf("p%d@bulk.example", i))
	}
	h := host(t, s, office.address)
	run(t, h)
	await(t, 20*time.Second, "the lane is full", func() bool { return office.held() == h.Senders })

	lead := capture(t, s, "hot@person.example", lifecycle.StageQualified)
	start := time.Now()
	granted, err := s.Offer(t.Context(), lifecycle.Command{ID: lead + "/1/offer/1", Kind: lifecycle.CommandOffer, Cycle: 1, N: 1, At: wednesday})
	require.NoError(t, err)
	var post *http.Request
	select {
	case post = <-posts:
	case <-time.After(4 * time.Second):
		t.Fatal("no webhook within four seconds, which is less than the lanes look by themselves")
	}
	body := <-bodies
	await(t, 4*time.Second, "the rep's mail", func() bool { return len(office.got("ann@sales.example")) == 1 })
	t.Logf("mail and webhook came %s after the offer was committed", time.Since(start).Round(time.Millisecond))
	require.Equal(t, h.Senders, office.held(), "the broadcast hangs still")

	reference, err := standardwebhooks.NewWebhook(key)
	require.NoError(t, err)
	require.NoError(t, reference.Verify(body, post.Header), "the subscriber's library takes it")
	var told record.AlertPayload
	require.NoError(t, json.Unmarshal(body, &told))
	require.Equal(t, "handoff.offered", told.Type)
	require.Equal(t, []any{lead, rep.ID, granted.Offer.Assignment}, []any{told.Data.LeadID, told.Data.RepID, told.Data.AssignmentID})
	require.NotContains(t, string(body), "@", "ids and codes only")
	alert := office.got("ann@sales.example")[0]
	require.Contains(t, alert, "Subject: A lead is offered to you")
	require.Contains(t, alert, "Accept or reject it by "+granted.Offer.DueAt.Format("Mon, 2 Jan 2006 15:04"), "the deadline is in the mail though no run has recorded it yet")

	office.open()
	await(t, 30*time.Second, "the broadcast goes on", func() bool { return stateOf(t, s, "p19@bulk.example") == "sent" })
}
