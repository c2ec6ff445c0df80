package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// said is what a command line answered.
type said struct {
	code     int
	out, err string
}

func command(ctx context.Context, e engine, args ...string) said {
	var out, talk bytes.Buffer
	code := run(ctx, args, Streams{In: strings.NewReader(""), Out: &out, Err: &talk}, e)
	return said{code, out.String(), talk.String()}
}

// loaded is an engine whose configuration is fine.
func loaded() engine {
	e := leadflow()
	e.load = func() (app.Config, error) { return app.Config{DatabaseURL: "postgres://somewhere"}, nil }
	return e
}

func TestProcess_endsWellWhenStopped(t *testing.T) {
	t.Parallel()
	e := loaded()
	e.serve = func(ctx context.Context, _ app.Config) error { <-ctx.Done(); return nil }
	e.work = func(context.Context, app.Config) error { return errors.New("127.0.0.1:9464 is taken") }
	e.migrate = func(context.Context, app.Config) error { return nil }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, said{code: ExitOK}, command(ctx, e, "serve"))

	got := command(t.Context(), e, "work")
	require.Equal(t, ExitFailure, got.code)
	require.Contains(t, got.err, "error: the worker did not run\n  why:  127.0.0.1:9464 is taken\n  next: leadflow doctor")

	got = command(t.Context(), e, "migrate")
	require.Equal(t, ExitOK, got.code)
	require.Empty(t, got.out)
}

func TestProcess_saysWhatIsWrongWithTheConfiguration(t *testing.T) {
	t.Parallel()
	e := loaded()
	e.load = func() (app.Config, error) {
		return app.Config{}, errors.Join(errors.New("DATABASE_URL is not set"), errors.New("LEADFLOW_SECRET is short"))
	}
	for _, line := range []string{"serve", "work", "migrate", "key create --first", "lead restart --all", "config", "doctor"} {
		got := command(t.Context(), e, strings.Fields(line)...)
		require.Equal(t, ExitFailure, got.code, line)
		require.Contains(t, got.out+got.err, "DATABASE_URL is not set", line)
		require.Contains(t, got.out+got.err, "LEADFLOW_SECRET is short", line)
	}
}

func TestConfig_isShownWithoutSecrets(t *testing.T) {
	t.Parallel()
	got := command(t.Context(), loaded(), "config", "-o", "csv")
	require.Equal(t, ExitOK, got.code, got.err)
	require.Contains(t, got.out, "DATABASE_URL,\"(set, not shown)\"")
	require.NotContains(t, got.out, "somewhere")
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	e := loaded()
	checks := []app.Check{{Name: "postgres", OK: true, Says: "answers"}, {Name: "temporal", OK: true, Says: "answers"}, {Name: "smtp", Says: "is away", Mend: "start it"}}
	e.doctor = func(context.Context, app.Config) []app.Check { return append([]app.Check(nil), checks...) }

	got := command(t.Context(), e, "doctor")
	require.Equal(t, ExitFailure, got.code)
	require.Regexp(t, `(?m)^smtp +no +is away$`, got.out)
	require.Contains(t, got.err, "smtp: start it")
	got = command(t.Context(), e, "doctor", "--quick", "-o", "json")
	require.Equal(t, ExitOK, got.code, "a mail server that is away is no reason to end a container")
	var shown struct{ Items []app.Check }
	require.NoError(t, json.Unmarshal([]byte(got.out), &shown))
	require.Len(t, shown.Items, 2)

	checks[1].OK = false
	require.Equal(t, ExitFailure, command(t.Context(), e, "doctor", "--quick").code)
}

func TestDoctor_verifiesScores(t *testing.T) {
	t.Parallel()
	e := loaded()
	asked, wrong, stored, recomputed := -1, 0, "12", "10"
	e.verifyScores = func(_ context.Context, _ app.Config, sample int, differs func(record.ScoreDifference), tell func(done, total int)) (record.Verified, error) {
		asked = sample
		tell(100, 200)
		for range wrong {
			differs(record.ScoreDifference{LeadID: "lead-1", Part: "score", Stored: stored, Recomputed: recomputed})
		}
		tell(200, 200)
		return record.Verified{Leads: 200, Different: wrong, Unknown: 3}, nil
	}
	for arg, want := range map[string]int{"--verify-scores": 1000, "--verify-scores=50": 50, "--verify-scores=all": 0} {
		got := command(t.Context(), e, "doctor", arg)
		require.Equal(t, ExitOK, got.code, got.err)
		require.Equal(t, want, asked)
		require.Contains(t, got.err, "verified: 100 % (200 of 200)")
		require.Contains(t, got.err, "3 could not be verified")
		require.NotContains(t, got.err, "Nothing there", "that nothing differs is told")
	}
	for _, arg := range []string{"--verify-scores=0", "--verify-scores=some", "--verify-scores=-1"} {
		require.Equal(t, ExitUsage, command(t.Context(), e, "doctor", arg).code, arg)
	}
	wrong = 1
	got := command(t.Context(), e, "doctor", "--verify-scores=all", "-o", "csv")
	require.Equal(t, ExitFailure, got.code)
	require.Equal(t, "lead_id,part,stored,recomputed\nlead-1,score,12,10\n", got.out)
	require.Contains(t, got.err, "1 of 200 scores are not what their events give")
	stored, recomputed = strings.Repeat("x", 4000)+"1"+strings.Repeat("y", 4000), strings.Repeat("x", 4000)+"2"+strings.Repeat("y", 3000)
	got = command(t.Context(), e, "doctor", "--verify-scores=all")
	for _, line := range strings.Split(got.out, "\n") {
		require.Less(t, len(line), 200)
	}
	require.Regexp(t, `…x+1y+… +…x+2y+…`, got.out, "where they part is shown")
	got = command(t.Context(), e, "doctor", "--verify-scores=all", "-o", "csv")
	require.Contains(t, got.out, stored, "to machines all of it")
}

func TestDoctor_verifiesRuns(t *testing.T) {
	t.Parallel()
	e := loaded()
	wrong := 0
	e.verifyRuns = func(_ context.Context, _ app.Config, differs func(record.RunDifference), tell func(what string, done, total int)) (record.Reconciled, error) {
		tell("leads", 200, 200)
		tell("runs", 199, 199)
		for range wrong {
			differs(record.RunDifference{LeadID: "lead-1", What: "no_run", Why: "it is not there", Do: "restart it"})
		}
		return record.Reconciled{Leads: 200, Runs: 199, Different: wrong, By: map[string]int{"no_run": wrong}, Waiting: 2, Moving: 1}, nil
	}
	got := command(t.Context(), e, "doctor", "--verify-runs")
	require.Equal(t, ExitOK, got.code, got.err)
	require.Contains(t, got.err, "runs: 100 % (199 of 199)")
	require.Contains(t, got.err, "2 have no run yet")
	require.Contains(t, got.err, "1 changed at each look")
	wrong = 1
	got = command(t.Context(), e, "doctor", "--verify-runs", "-o", "csv")
	require.Equal(t, ExitFailure, got.code)
	require.Equal(t, "lead_id,what,why,do\nlead-1,no_run,it is not there,restart it\n", got.out)
	require.Contains(t, got.err, "1 leads differ (no_run 1)")
	got = command(t.Context(), e, "doctor", "--verify-runs", "-o", "json")
	require.Equal(t, ExitFailure, got.code)
	require.JSONEq(t, `{"leads": 200, "runs": 199, "different": 1, "by": {"no_run": 1}, "waiting": 2, "moving": 1,
		"items": [{"lead_id": "lead-1", "what": "no_run", "why": "it is not there", "do": "restart it"}]}`, got.out)

	e.verifyRuns = func(context.Context, app.Config, func(record.RunDifference), func(string, int, int)) (record.Reconciled, error) {
		return record.Reconciled{}, errors.New("no worker polls the task queue")
	}
	got = command(t.Context(), e, "doctor", "--verify-runs")
	require.Equal(t, ExitFailure, got.code, "what could not be asked is not well")
	require.Contains(t, got.err, "no worker polls")
}

func TestKeyCreate_first(t *testing.T) {
	t.Parallel()
	e := loaded()
	e.createFirstKey = func(_ context.Context, _ app.Config, name string) (string, error) { return "secret-of-" + name, nil }
	got := command(t.Context(), e, "key", "create", "--first")
	require.Equal(t, "secret-of-admin\n", got.out, "scripts take the key as it is")
	require.Equal(t, ExitOK, got.code)
	got = command(t.Context(), e, "key", "create", "--first", "--name", "ops", "-o", "json")
	require.JSONEq(t, `{"name": "ops", "role": "admin", "secret": "secret-of-ops"}`, got.out)

	e.createFirstKey = func(context.Context, app.Config, string) (string, error) { return "", app.ErrHasKeys }
	got = command(t.Context(), e, "key", "create", "--first")
	require.Equal(t, ExitFailure, got.code)
	require.Empty(t, got.out)
	require.Contains(t, got.err, "this database has an admin's key that works")
}

func TestRestart(t *testing.T) {
	t.Parallel()
	e := loaded()
	e.restartLead = func(_ context.Context, _ app.Config, id string) error {
		return map[string]error{"known": nil, "none": record.ErrNotFound, "gone": record.ErrErased}[id]
	}
	e.restartAll = func(_ context.Context, _ app.Config, progress func(done, total int)) (int, error) {
		for done := range 201 {
			progress(done, 200)
		}
		return 200, nil
	}
	e.endStrays = func(context.Context, app.Config) (int, error) { return 3, nil }
	require.Equal(t, ExitOK, command(t.Context(), e, "lead", "restart", "known").code)
	require.Contains(t, command(t.Context(), e, "lead", "restart", "none").err, "there is no lead with this id")
	require.Contains(t, command(t.Context(), e, "lead", "restart", "gone").err, "erased")
	require.Equal(t, ExitUsage, command(t.Context(), e, "lead", "restart").code)
	require.Equal(t, ExitUsage, command(t.Context(), e, "lead", "restart", "known", "--all").code)

	got := command(t.Context(), e, "lead", "restart", "--all")
	require.Equal(t, ExitOK, got.code)
	require.Equal(t, 11, strings.Count(got.err, "restart: "), "a line for nothing and for every tenth:\n%s", got.err)
	require.Contains(t, got.err, "200 leads")
	require.Contains(t, got.err, "3 runs of leads that this database does not know end")

	e.restartAll = func(context.Context, app.Config, func(done, total int)) (int, error) { return 7, errors.New("away") }
	got = command(t.Context(), e, "lead", "restart", "--all")
	require.Equal(t, ExitFailure, got.code)
	require.Contains(t, got.err, "7 were")
}

// Ctrl-C while an import is watched leaves the import alone and says how to go on.
func TestImport_interrupted(t *testing.T) {
	api := newFakeAPI()
	defer api.server.Close()
	t.Setenv("LEADFLOW_API_KEY", fakeKey)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop := &onWrite{then: cancel}
	code := run(ctx, []string{"--url", api.server.URL, "import", "--follow", "imp-1"}, Streams{In: strings.NewReader(""), Out: stop, Err: stop}, loaded())
	require.Equal(t, ExitFailure, code)
	require.Contains(t, stop.String(), "why:  it was interrupted")
	require.Contains(t, stop.String(), "leadflow import --follow imp-1")

	code = run(ctx, []string{"--url", api.server.URL, "lead", "list"}, Streams{In: strings.NewReader(""), Out: stop, Err: stop}, loaded())
	require.Equal(t, ExitFailure, code)
	require.Contains(t, stop.String(), "error: stopped\n")
}

// onWrite keeps what is written and does something at the first of it.
type onWrite struct {
	bytes.Buffer
	then func()
}

func (o *onWrite) Write(p []byte) (int, error) {
	o.then()
	return o.Buffer.Write(p)
}

func TestDoctor_verifiesOffers(t *testing.T) {
	t.Parallel()
	e := loaded()
	wrong := 0
	e.verifyOffers = func(_ context.Context, _ app.Config, differs func(record.OfferDifference), tell func(done, total int)) (record.OffersVerified, error) {
		for range wrong {
			differs(record.OfferDifference{LeadID: "lead-1", AssignmentID: "offer-1", Part: "score", Stored: "60", Recomputed: "55"})
		}
		tell(200, 200)
		return record.OffersVerified{Offers: 200, Different: wrong, Unsettled: 2, Unknown: 3, Unscored: 4}, nil
	}
	got := command(t.Context(), e, "doctor", "--verify-offers")
	require.Equal(t, ExitOK, got.code, got.err)
	require.Empty(t, got.out)
	for _, want := range []string{"200 offers looked at, 0 differ", "2 are right for one order", "3 cannot be recomputed", "4 have no explanation"} {
		require.Contains(t, got.err, want)
	}
	wrong = 1
	got = command(t.Context(), e, "doctor", "--verify-offers", "-o", "csv")
	require.Equal(t, ExitFailure, got.code)
	require.Equal(t, "lead_id,assignment_id,part,stored,recomputed\nlead-1,offer-1,score,60,55\n", got.out)
	require.Contains(t, got.err, "1 of 200 offers are not what was known when they were made gives")
}

func TestDoctor_verifiesJourneys(t *testing.T) {
	t.Parallel()
	e := loaded()
	wrong, mended := 0, false
	e.verifyJourneys = func(_ context.Context, _ app.Config, mend bool, differs func(record.JourneyDifference), tell func(done, total int)) (record.JourneysChecked, error) {
		mended = mend
		for range wrong {
			differs(record.JourneyDifference{LeadID: "lead-1", Cycle: 2, What: "stale"})
		}
		tell(200, 200)
		return record.JourneysChecked{Leads: 200, Different: wrong, Waiting: 3}, nil
	}
	got := command(t.Context(), e, "doctor", "--verify-journeys")
	require.Equal(t, ExitOK, got.code, got.err)
	require.Contains(t, got.err, "Journeys of 200 leads folded again, 0 differ")
	require.Contains(t, got.err, "3 leads have changed so lately")
	wrong = 2
	got = command(t.Context(), e, "doctor", "--verify-journeys", "-o", "json")
	require.Equal(t, ExitFailure, got.code)
	require.Contains(t, got.out, `"what": "stale"`)
	require.Contains(t, got.err, "--mend")
	require.Equal(t, ExitOK, command(t.Context(), e, "doctor", "--verify-journeys", "--mend").code)
	require.True(t, mended)
}
