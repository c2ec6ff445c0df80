package store

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestKeysAreFoundByHashUntilRevoked(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	k, err := s.CreateKey(ctx, record.Key{Name: "site", Role: "site", Prefix: "lf_abc"}, []byte("hash"))
	require.NoError(t, err)
	require.NotEmpty(t, k.ID)
	found, err := s.KeyByHash(ctx, []byte("hash"))
	require.NoError(t, err)
	require.Equal(t, k, found)
	_, err = s.CreateKey(ctx, record.Key{Name: "again", Role: "ops", Prefix: "lf_abc"}, []byte("hash"))
	require.ErrorIs(t, err, record.ErrConflict)

	require.NoError(t, s.TouchKey(ctx, k.ID))
	page, err := s.Keys(ctx, "", 10)
	require.NoError(t, err)
	require.NotNil(t, page.Items[0].LastUsedAt)

	require.NoError(t, s.RevokeKey(ctx, k.ID))
	require.NoError(t, s.RevokeKey(ctx, k.ID))
	require.ErrorIs(t, s.RevokeKey(ctx, newID()), record.ErrNotFound)
	require.ErrorIs(t, s.RevokeKey(ctx, "no id"), record.ErrNotFound)
	_, err = s.KeyByHash(ctx, []byte("hash"))
	require.ErrorIs(t, err, record.ErrNotFound)
}

func TestListsPageThroughEverythingOnce(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	want := map[string]bool{}
	for i := range 7 {
		k, err := s.CreateKey(ctx, record.Key{Name: "k", Role: "ops", Prefix: "p"}, []byte{byte(i)})
		require.NoError(t, err)
		want[k.ID] = true
	}
	cursor, pages := "", 0
	for {
		page, err := s.Keys(ctx, cursor, 3)
		require.NoError(t, err)
		for _, k := range page.Items {
			require.True(t, want[k.ID], "twice, or never made")
			delete(want, k.ID)
		}
		pages++
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	require.Empty(t, want)
	require.Equal(t, 3, pages)
	_, err := s.Keys(ctx, "nonsense", 3)
	require.ErrorIs(t, err, record.ErrBadCursor)
}

func TestWebhookSecretsAreShownOnce(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	w, err := s.CreateWebhook(ctx, record.Webhook{URL: "https://example.com/in", Secret: "whsec_x", Active: true})
	require.NoError(t, err)
	require.Equal(t, "whsec_x", w.Secret)
	page, err := s.Webhooks(ctx, "", 0)
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Empty(t, page.Items[0].Secret)
	require.Equal(t, w.URL, page.Items[0].URL)
}

func answerKey(t *testing.T, s *Store) string {
	k, err := s.CreateKey(t.Context(), record.Key{Name: "k", Role: "ops", Prefix: "p"}, []byte(newID()))
	require.NoError(t, err)
	return k.ID
}

func TestAnswersAreGivenAgain(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	key := answerKey(t, s)
	begin := func(body string) (*record.StoredAnswer, string) {
		a, state, err := s.BeginAnswer(ctx, key, "POST /v1/leads", "one", []byte(body))
		require.NoError(t, err)
		return a, state
	}
	_, state := begin("a")
	require.Equal(t, AnswerReserved, state)
	_, state = begin("a")
	require.Equal(t, AnswerRunning, state)
	_, state = begin("b")
	require.Equal(t, AnswerMismatch, state)

	want := record.StoredAnswer{Status: 201, Header: map[string]string{"Location": "/x"}, Body: []byte(`{"id":1}`)}
	require.NoError(t, s.FinishAnswer(ctx, key, "POST /v1/leads", "one", want))
	got, state := begin("a")
	require.Equal(t, AnswerStored, state)
	require.Equal(t, want, *got)
	_, state = begin("b")
	require.Equal(t, AnswerMismatch, state)
	require.NoError(t, s.DropAnswer(ctx, key, "POST /v1/leads", "one"), "a finished answer is not dropped")
	_, state = begin("a")
	require.Equal(t, AnswerStored, state)

	_, err := s.pool.Exec(ctx, "UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
	require.NoError(t, err)
	_, state = begin("b")
	require.Equal(t, AnswerReserved, state, "a day later the key is free")
	require.NoError(t, s.DropAnswer(ctx, key, "POST /v1/leads", "one"))
	_, state = begin("c")
	require.Equal(t, AnswerReserved, state, "what was dropped may be tried again")
}

func TestAnswerOfADeadProcessIsTakenOverByTheSameRequestOnly(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	key := answerKey(t, s)
	_, _, err := s.BeginAnswer(ctx, key, "r", "one", []byte("a"))
	require.NoError(t, err)
	_, err = s.pool.Exec(ctx, "UPDATE idempotency_keys SET locked_until = now() - interval '1 second'")
	require.NoError(t, err)
	_, state, err := s.BeginAnswer(ctx, key, "r", "one", []byte("b"))
	require.NoError(t, err)
	require.Equal(t, AnswerMismatch, state)
	_, state, err = s.BeginAnswer(ctx, key, "r", "one", []byte("a"))
	require.NoError(t, err)
	require.Equal(t, AnswerReserved, state)
}

func TestOfManyEqualRequestsOneRuns(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	key := answerKey(t, s)
	var mu sync.Mutex
	states := map[string]int{}
	together(t, 20, func(int) error {
		_, state, err := s.BeginAnswer(ctx, key, "r", "one", []byte("a"))
		mu.Lock()
		defer mu.Unlock()
		states[state]++
		return err
	})
	require.Equal(t, map[string]int{AnswerReserved: 1, AnswerRunning: 19}, states)
}

// together runs fn n times at once and wants no error of any.
func together(t *testing.T, n int, fn func(i int) error) {
	t.Helper()
	errs := make(chan error, n)
	start := make(chan struct{})
	for i := range n {
		go func() {
			<-start
			errs <- fn(i)
		}()
	}
	close(start)
	for range n {
		require.NoError(t, <-errs)
	}
}

func TestOneModelIsPublished(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	var versions []int
	for range 4 {
		m, err := s.CreateModel(ctx, record.Model{Source: "a: 1", Document: json.RawMessage(`{"a": 1}`), Note: "n", Author: "me"})
		require.NoError(t, err)
		require.Equal(t, "draft", m.State)
		versions = append(versions, m.Version)
	}
	together(t, 24, func(i int) error {
		_, err := s.PublishModel(ctx, versions[i%4])
		return err
	})
	back, err := s.PublishModel(ctx, versions[0])
	require.NoError(t, err)
	require.Equal(t, "published", back.State)
	require.NotNil(t, back.PublishedAt)
	again, err := s.PublishModel(ctx, versions[0])
	require.NoError(t, err)
	require.Equal(t, back.PublishedAt, again.PublishedAt)
	page, err := s.Models(ctx, "", 2)
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	next, err := s.Models(ctx, page.NextCursor, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"retired", "published"}, []string{next.Items[0].State, next.Items[1].State})
	_, err = s.PublishModel(ctx, 99)
	require.ErrorIs(t, err, record.ErrNotFound)
	next, err = s.Models(ctx, page.NextCursor, 2)
	require.NoError(t, err)
	require.Equal(t, "published", next.Items[1].State, "what cannot be published takes nobody's place")
}

func TestSequencesCountVersionsAndYieldTheDefault(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	create := func(name string, isDefault bool) record.Sequence {
		q, err := s.CreateSequence(ctx, record.Sequence{Name: name, Default: isDefault, Source: "x", Document: json.RawMessage(`{}`)})
		require.NoError(t, err)
		return q
	}
	together(t, 8, func(int) error {
		_, err := s.CreateSequence(ctx, record.Sequence{Name: "warm", Default: true, Source: "x", Document: json.RawMessage(`{}`)})
		return err
	})
	require.Equal(t, 9, create("warm", true).Version)
	_, err := s.PublishSequence(ctx, record.Publication{Name: "warm", Version: 8})
	require.NoError(t, err)
	_, err = s.PublishSequence(ctx, record.Publication{Name: "warm", Version: 9})
	require.NoError(t, err)
	require.Equal(t, 1, create("other", true).Version)
	_, err = s.PublishSequence(ctx, record.Publication{Name: "other", Version: 1})
	require.NoError(t, err)
	page, err := s.Sequences(ctx, "", 200)
	require.NoError(t, err)
	require.Len(t, page.Items, 10)
	require.Equal(t, "other", page.Items[0].Name)
	state := map[string]int{}
	for _, q := range page.Items {
		state[q.State]++
		if q.State == "published" {
			require.Equal(t, q.Name == "other", q.Default)
		}
	}
	require.Equal(t, map[string]int{"draft": 7, "retired": 1, "published": 2}, state)
	first, err := s.Sequences(ctx, "", 4)
	require.NoError(t, err)
	second, err := s.Sequences(ctx, first.NextCursor, 200)
	require.NoError(t, err)
	require.Equal(t, page.Items, append(first.Items, second.Items...))
}

func TestANewVersionOfTheDefaultSequenceIsTheDefault(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	for version, isDefault := range []bool{true, false} {
		_, err := s.CreateSequence(ctx, record.Sequence{Name: "warm", Default: isDefault, Source: "x", Document: json.RawMessage(`{}`)})
		require.NoError(t, err)
		for range 2 {
			q, err := s.PublishSequence(ctx, record.Publication{Name: "warm", Version: version + 1})
			require.NoError(t, err)
			require.True(t, q.Default, "else new leads get no mail")
		}
	}
	_, err := s.CreateSequence(ctx, record.Sequence{Name: "other", Source: "x", Document: json.RawMessage(`{}`)})
	require.NoError(t, err)
	q, err := s.PublishSequence(ctx, record.Publication{Name: "other", Version: 1})
	require.NoError(t, err)
	require.False(t, q.Default)
}

func TestOnePolicyIsActive(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	create := func(name string, active bool) record.Policy {
		p, err := s.CreatePolicy(ctx, record.Policy{Name: name, Active: active, Source: "x", Document: json.RawMessage(`{}`)})
		require.NoError(t, err)
		return p
	}
	first, second := create("first", true), create("second", true)
	_, err := s.CreatePolicy(ctx, record.Policy{Name: "second", Active: true, Source: "x", Document: json.RawMessage(`{}`)})
	require.ErrorIs(t, err, record.ErrConflict)
	got, err := s.Policy(ctx, first.ID)
	require.NoError(t, err)
	require.False(t, got.Active)
	second.Active = false
	_, err = s.UpdatePolicy(ctx, second)
	require.ErrorIs(t, err, record.ErrInUse, "a house without a policy has no rules")
	got.Active = true
	_, err = s.UpdatePolicy(ctx, got)
	require.NoError(t, err)
	got, err = s.Policy(ctx, second.ID)
	require.NoError(t, err)
	require.False(t, got.Active)
	_, err = s.UpdatePolicy(ctx, record.Policy{ID: newID(), Name: "x", Active: true, Source: "x", Document: json.RawMessage(`{}`)})
	require.ErrorIs(t, err, record.ErrNotFound)
	page, err := s.Policies(ctx, "", 0)
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	require.True(t, page.Items[1].Active, "an update that failed deactivated nothing")
}

func TestListenerHearsCommittedWorkAndConnectsAgain(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	heard := make(chan string, 1000)
	ended := make(chan error, 1)
	go func() { ended <- s.Listen(ctx, func(c string) { heard <- c }) }()
	for range Channels {
		<-heard // on connecting: what was said before is lost
	}
	id, err := s.CreateImport(ctx, record.Import{Mapping: json.RawMessage(`{}`), Columns: []string{"a"}})
	require.NoError(t, err)
	require.NoError(t, s.StartImport(ctx, id, 0, 0))
	require.Equal(t, "import", <-heard)
	_, err = s.pool.Exec(ctx, `INSERT INTO deliveries (id, key, lane, channel, kind) VALUES ($1, 'a', 'alert', 'mail', 'offer'),
		($2, 'b', 'bulk', 'mail', 'nurture'), ($3, 'c', 'alert', 'mail', 'offer')`, newID(), newID(), newID())
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"alert", "bulk"}, []string{<-heard, <-heard})

	_, err = s.pool.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'
		AND datname = current_database()`)
	require.NoError(t, err)
	for _, c := range Channels {
		require.Equal(t, c, <-heard)
	}
	cancel()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(5 * time.Second):
		t.Fatal("the listener outlives its context")
	}
}
