package api_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/mail/token"
)

func TestCapture_newKnownAndWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{
		"email": " Ada@Müller.example ", "profile": object{"first_name": "Ada", "title": "Head of Sales", "custom": object{"team": "a"}},
		"source": object{"channel": "web"}, "consent": object{"purpose": "marketing", "granted": true},
	})
	id := first.body["id"].(string)
	require.Equal(t, "/v1/leads/"+id, first.Header.Get("Location"))
	require.Equal(t, "ada@xn--mller-kva.example", first.body["email"])
	require.Equal(t, "lead/"+id, first.body["workflow_id"])
	require.Equal(t, "captured", first.body["stage"])
	require.InDelta(t, 1, first.body["cycle"], 0)
	second := w.admin(http.StatusOK, http.MethodPost, "/v1/leads", object{"email": "ada@xn--mller-kva.example", "profile": object{"first_name": nil, "last_name": "L"}})
	require.Equal(t, id, second.body["id"])
	require.NotContains(t, second.body["profile"], "first_name", "null clears")
	require.Equal(t, "L", second.body["profile"].(object)["last_name"])
	require.Equal(t, "web", second.body["source"].(object)["channel"], "the first source is kept")

	bad := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/leads", object{
		"email": "not an address Secretvalue", "profile": object{"shoe_size": 1, "annual_revenue": "much"}, "sauce": 1, "visitor_id": 5,
	})
	require.Subset(t, bad.fields(), []string{"email", "profile.shoe_size", "profile.annual_revenue", "sauce", "visitor_id"}, "every bad field is named at once")
	require.NotContains(t, bad.raw, "Secretvalue")
	require.Len(t, w.admin(http.StatusOK, http.MethodGet, "/v1/leads", nil).body["items"], 1, "nothing is half-written")

	other := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"external_id": "crm:7"})
	conflict := w.admin(http.StatusConflict, http.MethodPost, "/v1/leads", object{"email": "ada@xn--mller-kva.example", "external_id": "crm:7"})
	require.Equal(t, "identity_conflict", conflict.body["code"])
	require.ElementsMatch(t, []any{id, other.body["id"]}, conflict.body["lead_ids"])
}

func TestCapture_hundredAtOnceAreOneLead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all sync.WaitGroup
	status := make([]int, 100)
	for i := range status {
		all.Go(func() {
			req, _ := http.NewRequest(http.MethodPost, w.url+"/v1/leads", strings.NewReader(fmt.Sprintf(`{"email":"one@person.example","profile":{"city":"c%d"}}`, i)))
			req.Header.Set("Authorization", "Bearer "+w.keys[api.RoleMarketing])
			if resp, err := http.DefaultClient.Do(req); err == nil {
				status[i] = resp.StatusCode
				_ = resp.Body.Close()
			}
		})
	}
	all.Wait()
	count := map[int]int{}
	for _, s := range status {
		count[s]++
	}
	require.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusOK: 99}, count)
	require.Len(t, w.admin(http.StatusOK, http.MethodGet, "/v1/leads", nil).body["items"], 1)
	waits, err := w.store.Backlog(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, waits.Outbox, "one row of the outbox, so one run")
}

func TestIdempotency_sameAnswerAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := object{"email": "ada@person.example"}
	first := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", body, "Idempotency-Key", "a")
	again := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", body, "Idempotency-Key", "a")
	require.Equal(t, first.raw, again.raw)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	mismatch := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/leads", object{"email": "bob@person.example"}, "Idempotency-Key", "a")
	require.Equal(t, "idempotency_mismatch", mismatch.body["code"])
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/leads", object{"email": "x"}, "Idempotency-Key", "b")
	w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "bob@person.example"}, "Idempotency-Key", "b")
	marketing := w.as(api.RoleMarketing, http.MethodPost, "/v1/leads", object{"email": "cyd@person.example"}, "Idempotency-Key", "a")
	require.Equal(t, http.StatusCreated, marketing.StatusCode, "a key is its owner's own")

	w.admin(http.StatusNoContent, http.MethodDelete, "/v1/leads/"+first.body["id"].(string), nil)
	erased := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", body, "Idempotency-Key", "a")
	require.NotEqual(t, first.body["id"], erased.body["id"], "the stored answer was erased with the person")
}

func TestErase_isForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "ada@person.example"}).body["id"].(string)
	w.admin(http.StatusCreated, http.MethodPost, "/v1/leads/"+id+"/notes", object{"text": "call her"})
	require.Equal(t, http.StatusForbidden, w.as(api.RoleSales, http.MethodDelete, "/v1/leads/"+id, nil).StatusCode)
	w.admin(http.StatusNoContent, http.MethodDelete, "/v1/leads/"+id, nil)
	w.admin(http.StatusNoContent, http.MethodDelete, "/v1/leads/"+id, nil)
	gone := w.admin(http.StatusGone, http.MethodGet, "/v1/leads/"+id, nil)
	require.Equal(t, "erased", gone.body["code"])
	for _, path := range []string{"/timeline", "/score"} {
		w.admin(http.StatusGone, http.MethodGet, "/v1/leads/"+id+path, nil)
	}
	w.admin(http.StatusGone, http.MethodPost, "/v1/leads/"+id+"/pause", object{})
	out := w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", object{"lead_id": id, "type": "page_view"})
	require.Equal(t, "erased", out.body["rejected"].([]any)[0].(object)["error"].(object)["code"])
	w.admin(http.StatusNotFound, http.MethodGet, "/v1/leads/"+uuid.NewString(), nil)
}

func TestEvents_inEveryShape(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "ada@person.example"}).body["id"].(string)
	one := fmt.Sprintf(`{"id":"e1","lead_id":%q,"type":"page_view","properties":{"path":"/pricing"}}`, id)
	r := w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", one)
	require.InDelta(t, 1, r.body["accepted"], 0)
	r = w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", "["+one+`,{"type":"page_view","email":"nobody@person.example"},7,{"type":"dance","lead_id":"`+id+`"}]`)
	require.InDelta(t, 0, r.body["accepted"], 0)
	require.InDelta(t, 1, r.body["duplicates"], 0)
	require.Len(t, r.body["rejected"], 3)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(`{"type":"email_open","email":"ADA@person.example"}` + "\n\nnonsense\n"))
	require.NoError(t, z.Close())
	r = w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", zipped.Bytes(), "Content-Encoding", "gzip", "Content-Type", "application/x-ndjson")
	require.InDelta(t, 1, r.body["accepted"], 0)
	require.Len(t, r.body["rejected"], 1)
	w.admin(http.StatusBadRequest, http.MethodPost, "/v1/events", "nonsense")
	w.admin(http.StatusBadRequest, http.MethodPost, "/v1/events", "nonsense", "Content-Encoding", "gzip")
	w.admin(http.StatusRequestEntityTooLarge, http.MethodPost, "/v1/events", "["+strings.Repeat("1,", 5000)+"1]")
	require.Equal(t, http.StatusForbidden, w.as(api.RoleSite, http.MethodPost, "/v1/events", one).StatusCode)
	r = w.as(api.RoleSite, http.MethodPost, "/v1/events", object{"type": "page_view", "visitor_id": "v-0123456789abcdef0123456789abcdef"})
	require.Equal(t, http.StatusAccepted, r.StatusCode, r.raw)

	score := w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+id+"/score", nil)
	sum := 0.0
	for _, item := range score.body["items"].([]any) {
		sum += item.(object)["points"].(float64)
	}
	require.InDelta(t, score.body["fit"].(float64)+score.body["engagement"].(float64), sum, 0.001)
	require.NotEmpty(t, score.body["missing"])
}

func TestDecisions_withTemporalAwayArePending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "ada@person.example"}).body["id"].(string)
	rep := w.admin(http.StatusCreated, http.MethodPost, "/v1/reps", object{"name": "Ann", "email": "ann@sales.example"}).body["id"].(string)
	bad := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/leads/"+id+"/reject", object{"rep_id": rep})
	require.Equal(t, []string{"reason"}, bad.fields(), "refused before anybody is asked")
	r := w.admin(http.StatusAccepted, http.MethodPost, "/v1/leads/"+id+"/reject", object{"rep_id": rep, "reason": "no_budget", "note": "next year"})
	require.Equal(t, "pending", r.body["state"])
	d := w.admin(http.StatusOK, http.MethodGet, "/v1/decisions/"+r.body["decision_id"].(string), nil)
	require.Equal(t, "pending", d.body["state"])
	require.NotContains(t, d.raw, "next year")
}

func TestForm_isACapture(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const form = "application/x-www-form-urlencoded"
	r := w.as("", http.MethodPost, "/f/newsletter", url.Values{"email": {"ada@person.example"}, "first_name": {"Ada"}, "utm_campaign": {"spring"}}.Encode(), "Content-Type", form)
	require.Equal(t, http.StatusOK, r.StatusCode, r.raw)
	require.Contains(t, r.raw, "Thank you")
	r = w.as("", http.MethodPost, "/f/newsletter", url.Values{"email": {"bot@person.example"}, "_gotcha": {"x"}}.Encode(), "Content-Type", form)
	require.Equal(t, http.StatusOK, r.StatusCode, "a machine is told nothing")
	r = w.as("", http.MethodPost, "/f/newsletter", url.Values{"email": {"<script>alert(1)</script>"}}.Encode(), "Content-Type", form)
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	require.NotContains(t, r.raw, "alert(1)")
	r = w.as("", http.MethodPost, "/f/newsletter", "first_name="+strings.Repeat("a", 200<<10), "Content-Type", form)
	require.Equal(t, http.StatusRequestEntityTooLarge, r.StatusCode)
	items := w.admin(http.StatusOK, http.MethodGet, "/v1/leads", nil).body["items"].([]any)
	require.Len(t, items, 1)
	require.Equal(t, "ada@person.example", items[0].(object)["email"])
}

func TestUnsubscribe_onlyAPostDoesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "ada@person.example"}).body["id"].(string)
	link, err := w.tokens.Sign(token.Unsubscribe, token.Claims{Lead: uuid.MustParse(id)})
	require.NoError(t, err)
	state := func() any {
		return w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+id, nil).body["mail"].(object)["state"]
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r := w.as("", method, "/u/"+link, nil)
		require.Equal(t, http.StatusOK, r.StatusCode)
	}
	require.Equal(t, "active", state(), "whoever follows links unsubscribes nobody")
	require.Equal(t, http.StatusNotFound, w.as("", http.MethodPost, "/u/"+link[:len(link)-2]+"xx", nil).StatusCode)
	require.Equal(t, "active", state())
	for range 2 {
		r := w.as("", http.MethodPost, "/u/"+link, "List-Unsubscribe=One-Click", "Content-Type", "application/x-www-form-urlencoded")
		require.Equal(t, http.StatusOK, r.StatusCode)
		require.Equal(t, "unsubscribed", state())
	}
	require.NotContains(t, w.log.String(), link, "a link is a secret")
}

// slow gives its parts one after the other.
type slow struct{ parts []string }

func (s *slow) Read(p []byte) (int, error) {
	if len(s.parts) == 0 {
		return 0, io.EOF
	}
	<-time.After(300 * time.Millisecond)
	n := copy(p, s.parts[0])
	s.parts = s.parts[1:]
	return n, nil
}

func TestImport_aLongFileOnASlowLineTakesItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := httptest.NewUnstartedServer(w.door)
	server.Config.ReadTimeout = 500 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	post := func(path, media string, parts ...string) (*http.Response, error) {
		req, err := http.NewRequest(http.MethodPost, server.URL+path, &slow{parts})
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+w.keys[api.RoleAdmin])
		req.Header.Set("Content-Type", media)
		return http.DefaultClient.Do(req)
	}
	part := func(name, more, text string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" + text + "\r\n"
	}
	resp, err := post("/v1/imports", "multipart/form-data; boundary=x", part("mapping", "", "email: mail\n"), part("file", "; filename=\"f\"", "mail\na@person.example"), "--x--", "\r\n")
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusAccepted, resp.StatusCode)
	late, err := post("/v1/leads", "application/json", `{"email":`, `"a@person.example"`, "}", " ")
	if err == nil { // answered, or cut off
		defer late.Body.Close()
		require.Equal(t, http.StatusBadRequest, late.StatusCode, "nothing else may hold a connection for so long")
	}
}

func TestImport_isTakenAsMultipart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	send := func(parts map[string]string) reply {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		for name, text := range parts {
			if name == "file" {
				f, _ := m.CreateFormFile("file", "leads.csv")
				_, _ = f.Write([]byte(text))
				continue
			}
			_ = m.WriteField(name, text)
		}
		require.NoError(t, m.Close())
		return w.as(api.RoleMarketing, http.MethodPost, "/v1/imports", b.Bytes(), "Content-Type", m.FormDataContentType(), "Idempotency-Key", "i"+fmt.Sprint(len(parts)))
	}
	r := send(map[string]string{"file": "mail\nada@person.example\n", "mapping": "email: mail\n"})
	require.Equal(t, http.StatusAccepted, r.StatusCode, r.raw)
	require.Equal(t, "queued", r.body["state"])
	require.InDelta(t, 1, r.body["rows"], 0)
	got := w.admin(http.StatusOK, http.MethodGet, "/v1/imports/"+r.body["id"].(string), nil)
	require.Equal(t, r.body["id"], got.body["id"])
	r = send(map[string]string{"mapping": "email: mail\n"})
	require.Equal(t, []string{"file"}, r.fields())
	r = w.as(api.RoleMarketing, http.MethodPost, "/v1/imports", "x", "Content-Type", "text/csv")
	require.Equal(t, http.StatusUnsupportedMediaType, r.StatusCode)
}

// Every mistake is named at once, those inside an object too.
func TestCapture_namesEveryFieldOfTheSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.as(api.RoleMarketing, http.MethodPost, "/v1/leads", map[string]any{
		"email": 5, "source": map[string]any{"channel": 5, "zz": 1}, "nothing": true,
	})
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	for _, field := range []string{`"email"`, `"source.channel"`, `"source.zz"`, `"nothing"`} {
		require.Contains(t, r.raw, `"field":`+field)
	}
}
