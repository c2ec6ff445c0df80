package worker_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/worker"
)

const mailID = "0190b0a0-0000-7000-8000-0000000000aa"

var addresses = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

// A mail tells what is done with it by signed addresses that expire and name nobody.
func TestLetters_tellWhatIsDoneWithThem(t *testing.T) {
	t.Parallel()
	created := time.Now().Add(-time.Hour).Truncate(time.Second)
	document := `{"name": "s", "steps": [{"id": "a", "mail": {"subject": "Hi", "body": "[See]({{ links.product }}) or [choose]({{ links.preferences }})."}}]}`
	compose := func(change func(*worker.House, *record.Lead)) mail.Rendered {
		t.Helper()
		to := "ada@person.example"
		lead := &record.Lead{ID: someLead, Email: &to}
		l := letters(t, func(h *worker.House) {
			h.Links = map[string]string{"product": "https://acme.example/product?a=1&b=2"}
			change(h, lead)
		})
		r, err := l.Compose(record.Delivery{
			ID: mailID, Kind: "nurture", Sequence: "s", Step: "a", LeadID: someLead, To: to, CreatedAt: created, Lead: lead,
			Document: []byte(document),
		})
		require.NoError(t, err)
		require.NotContains(t, strings.ReplaceAll(r.HTML, to, ""), "ada@")
		return r
	}
	links := func(r mail.Rendered) (out []string) {
		for _, m := range addresses.FindAllStringSubmatch(r.HTML, -1) {
			out = append(out, html.UnescapeString(m[1]))
		}
		return out
	}
	got := links(compose(func(*worker.House, *record.Lead) {}))
	require.Len(t, got, 6)
	tokens, err := token.NewSigner(token.Key{ID: 1, Secret: []byte(strings.Repeat("k", 32))})
	require.NoError(t, err)
	read := func(p token.Purpose, link, door string) token.Claims {
		t.Helper()
		link, _, _ = strings.Cut(link, "?")
		require.True(t, strings.HasPrefix(link, "https://leads.acme.example"+door), link)
		c, err := tokens.Verify(p, strings.TrimPrefix(link, "https://leads.acme.example"+door), time.Now())
		require.NoError(t, err)
		return c
	}
	c := read(token.Click, got[0], "/t/c/")
	u, err := url.Parse(got[0])
	require.NoError(t, err)
	require.Equal(t, "https://acme.example/product?a=1&b=2", u.Query().Get("u"))
	require.True(t, c.LeadsTo(u.Query().Get("u")))
	require.Equal(t, [16]byte(uuid.MustParse(mailID)), c.Other)
	require.Equal(t, created.Add(400*24*time.Hour).UTC(), c.Expires)
	read(token.Preferences, got[1], "/p/")
	read(token.Unsubscribe, got[2], "/u/")
	require.Equal(t, got[1], got[3], "in the footer as well")
	require.Equal(t, [16]byte(uuid.MustParse(mailID)), read(token.Trap, got[4], "/t/h/").Other)
	require.Equal(t, created.Add(90*24*time.Hour).UTC(), read(token.Open, got[5], "/t/o/").Expires)
	require.Equal(t, got, links(compose(func(*worker.House, *record.Lead) {})), "the same at every attempt")
	require.NotContains(t, compose(func(*worker.House, *record.Lead) {}).Text, "/t/h/", "a text part shows everything")

	for name, change := range map[string]func(*worker.House, *record.Lead){
		"who is not tracked": func(_ *worker.House, l *record.Lead) { l.Untracked = true },
		"no tracking":        func(h *worker.House, _ *record.Lead) { h.NoClicks, h.NoOpens = true, true },
	} {
		got := links(compose(change))
		require.Len(t, got, 4, name)
		require.Equal(t, "https://acme.example/product?a=1&b=2", got[0], name)
	}
	require.Len(t, links(compose(func(h *worker.House, _ *record.Lead) { h.NoOpens = true })), 5)
	require.Len(t, links(compose(func(h *worker.House, _ *record.Lead) { h.NoTrap = true })), 5)

	document = strings.Replace(document, `"steps"`, `"untracked": true, "steps"`, 1)
	got = links(compose(func(*worker.House, *record.Lead) {}))
	require.Len(t, got, 4, "a sequence that is not tracked")
	require.Equal(t, "https://acme.example/product?a=1&b=2", got[0])
}

// A question advertises nothing, and names nobody in its link.
func TestLetters_askForAConsent(t *testing.T) {
	t.Parallel()
	l := letters(t, func(h *worker.House) {
		h.Topics, h.BackDomain = map[string]string{"news": "Product news"}, "back.acme.example"
	})
	d := record.Delivery{
		ID: mailID, Kind: "confirmation", LeadID: someLead, To: "ada@person.example", CreatedAt: time.Now().Truncate(time.Second),
		Payload: []byte(`{"confirmation_id": "` + mailID + `", "purpose": "news"}`),
	}
	r, err := l.Compose(d)
	require.NoError(t, err)
	require.Equal(t, "Please confirm: mails from Acme: Product news", r.Subject)
	require.Regexp(t, `^bounce\+.*@back\.acme\.example$`, r.EnvelopeFrom, "an address that does not exist is known by what comes back")
	from, err := l.ReturnPath(d)
	require.NoError(t, err)
	require.Equal(t, r.EnvelopeFrom, from)
	got := addresses.FindAllStringSubmatch(r.HTML, -1)
	require.Len(t, got, 1, "neither a pixel nor a trap")
	tokens, err := token.NewSigner(token.Key{ID: 1, Secret: []byte(strings.Repeat("k", 32))})
	require.NoError(t, err)
	c, err := tokens.Verify(token.Confirm, strings.TrimPrefix(got[0][1], "https://leads.acme.example/y/"), time.Now())
	require.NoError(t, err)
	require.Equal(t, token.Claims{Lead: uuid.MustParse(someLead), Other: uuid.MustParse(mailID), Expires: d.CreatedAt.Add(30 * 24 * time.Hour).UTC()}, c)
	p, delivery, err := l.Tokens.ReadAddress(r.EnvelopeFrom, "back.acme.example")
	require.NoError(t, err, "where it bounces to names it")
	require.Equal(t, []any{token.Bounce, mailID}, []any{p, uuid.UUID(delivery).String()})
	again, err := l.ReturnPath(d)
	require.NoError(t, err)
	require.Equal(t, r.EnvelopeFrom, again)
	d.Payload = []byte(`{}`)
	_, err = l.Compose(d)
	require.ErrorContains(t, err, "what is to be confirmed")
}

func TestLetters_takeAnAlertBack(t *testing.T) {
	t.Parallel()
	r, err := letters(t, nil).Compose(record.Delivery{
		ID: mailID, Kind: "retraction", LeadID: someLead, AssignmentID: mailID, To: "ann@sales.example", ToName: "Ann", CreatedAt: time.Now(),
		Payload: []byte(`{"type": "handoff.retracted", "data": {"reason": "scanner_trap"}}`),
	})
	require.NoError(t, err)
	require.Contains(t, r.Subject, "Taken back")
	require.Contains(t, r.Text, "scanner trap")
	require.Contains(t, r.Text, someLead)
	require.NotContains(t, r.Text, "Accept or reject")
}

// Every link of the body is tracked, however the template writes it, and leads where the mail would have led: the page that a
// link of the house is the beginning of, too.
func TestLetters_trackEveryLinkOfTheBody(t *testing.T) {
	t.Parallel()
	to := "ada@person.example"
	l := letters(t, func(h *worker.House) {
		h.Links = map[string]string{"shop": "https://shop.example"}
	})
	body := `Read [this](https://acme.example/a?b=1&c={{ company }}), [all]({{ links.shop }}/all), [ours](https://leads.acme.example/welcome),\n\n` +
		`[Book](https://acme.example/book \"button\")\n\n[terms](https://acme.example/terms \"untracked\"), [write](mailto:a@acme.example), [call](tel:+491234)\n\n` +
		`[acme.example](https://acme.example/shown) and <https://acme.example/auto>, [leave]({{ links.unsubscribe }}), [choose]({{ links.preferences }})\n\n` +
		`![Map](https://acme.example/map.png)`
	r, err := l.Compose(record.Delivery{
		ID: mailID, Kind: "nurture", Sequence: "s", Step: "a", LeadID: someLead, To: to, CreatedAt: time.Now().Truncate(time.Second),
		Lead:     &record.Lead{ID: someLead, Email: &to, Profile: map[string]any{"company": `R&D "x" <b> lf0qt0z`}},
		Document: []byte(`{"name": "s", "steps": [{"id": "a", "mail": {"subject": "Hi", "body": "` + body + `"}}]}`),
	})
	require.NoError(t, err)
	tokens, err := token.NewSigner(token.Key{ID: 1, Secret: []byte(strings.Repeat("k", 32))})
	require.NoError(t, err)
	var tracked, plain []string
	for _, m := range addresses.FindAllStringSubmatch(r.HTML, -1) {
		link := html.UnescapeString(m[1])
		u, err := url.Parse(link)
		require.NoError(t, err)
		signed, ok := strings.CutPrefix(u.Path, "/t/c/")
		if !ok {
			plain = append(plain, link)
			continue
		}
		c, err := tokens.Verify(token.Click, signed, time.Now())
		require.NoError(t, err)
		require.True(t, c.LeadsTo(u.Query().Get("u")), link)
		require.Contains(t, r.Text, link, "the text part has the same link")
		tracked = append(tracked, u.Query().Get("u"))
	}
	require.Equal(t, []string{
		"https://acme.example/a?b=1&c=R%26D%20%22x%22%20%3Cb%3E%20lf0qt0z", "https://shop.example/all", "https://leads.acme.example/welcome", "https://acme.example/book",
	}, tracked)
	require.Equal(t, []string{
		"https://acme.example/terms", "mailto:a@acme.example", "tel:+491234", "https://acme.example/shown", "https://acme.example/auto",
	}, plain[:5], "who shows an address leads there")
	require.NotContains(t, r.HTML, "lf0qt1z")
	require.NotContains(t, r.HTML, `title="`)
	require.Contains(t, r.HTML, ">Preferences</a>")
	require.Contains(t, r.Text, "\nPreferences: https://leads.acme.example/p/")
}
