package api_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/intake"
)

// upload sends a file; parts are name, text, name, text.
func (w *world) upload(file string, parts ...string) reply {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		require.NoError(w.t, m.WriteField(parts[i], parts[i+1]))
	}
	f, err := m.CreateFormFile("file", "leads.csv")
	require.NoError(w.t, err)
	_, err = f.Write([]byte(file))
	require.NoError(w.t, err)
	require.NoError(w.t, m.Close())
	return w.as(api.RoleMarketing, http.MethodPost, "/v1/imports", b.Bytes(), "Content-Type", m.FormDataContentType(), "Idempotency-Key", "k-"+m.Boundary())
}

func (w *world) work() {
	w.t.Helper()
	s := intake.New(intake.Deps{Captures: w.store, Events: w.store, Imports: w.store}, intake.Config{})
	r := intake.NewRunner(s, intake.RunnerConfig{})
	for _, one := range []func() (bool, error){
		func() (bool, error) { return r.RunOne(w.t.Context()) }, func() (bool, error) { return r.UndoOne(w.t.Context()) },
	} {
		_, err := one()
		require.NoError(w.t, err)
	}
}

func TestImport_saysHowTheFileWasReadAndShowsItOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.upload("Mail;Name\nzo@person.example;Zo\xeb\n", "mapping", "email: Mail\nprofile: {first_name: Name}\n", "rate", "12.5")
	require.Equal(t, http.StatusAccepted, r.StatusCode, r.raw)
	require.Equal(t, []any{"windows-1252", ";"}, []any{r.body["encoding"], r.body["delimiter"]})
	require.Equal(t, []any{[]any{"Mail", "Name"}, []any{"zo@person.example", "Zoë"}}, r.body["sample"])
	got := w.admin(http.StatusOK, http.MethodGet, "/v1/imports/"+r.body["id"].(string), nil)
	require.Equal(t, "windows-1252", got.body["encoding"])
	require.NotContains(t, got.body, "sample")
	var kept int
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), "SELECT count(*) FROM idempotency_keys WHERE position('zo@person'::bytea IN body) > 0").Scan(&kept))
	require.Zero(t, kept, "an erasure would not find it there")
	for _, rate := range []string{"0", "-1", "many", "NaN", "1e9"} {
		require.Equal(t, []string{"rate"}, w.upload("Mail\na@person.example\n", "mapping", "email: Mail\n", "rate", rate).fields(), rate)
	}
	require.Equal(t, []string{"mapping.encoding"}, w.upload("Mail\n", "mapping", "email: Mail\nencoding: klingon\n").fields())
}

func TestImport_isUndoneWithinItsHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.upload("Mail\nada@person.example\n", "mapping", "email: Mail\n").body["id"].(string)
	path := "/v1/imports/" + id
	code := func(r reply) any { return r.body["code"] }
	require.Equal(t, "import_running", code(w.admin(http.StatusConflict, http.MethodPost, path+"/undo", nil)))
	w.work()
	require.Equal(t, "import_over", code(w.admin(http.StatusConflict, http.MethodPost, path+"/cancel", nil)))
	_, err := w.store.Pool().Exec(t.Context(), "UPDATE imports SET finished_at = finished_at - interval '61 minutes'")
	require.NoError(t, err)
	require.Equal(t, "undo_too_late", code(w.admin(http.StatusConflict, http.MethodPost, path+"/undo", nil)))
	_, err = w.store.Pool().Exec(t.Context(), "UPDATE imports SET finished_at = finished_at + interval '60 minutes'")
	require.NoError(t, err)
	for range 2 {
		require.Equal(t, "undoing", w.admin(http.StatusAccepted, http.MethodPost, path+"/undo", nil).body["state"])
	}
	w.work()
	got := w.admin(http.StatusOK, http.MethodGet, path, nil)
	require.Equal(t, "undone", got.body["state"])
	require.Equal(t, map[string]any{"removed": 1.0, "restored": 0.0, "kept": 0.0}, got.body["undo"])
	require.Empty(t, w.admin(http.StatusOK, http.MethodGet, path+"/undo", nil).body["items"])

	dry := w.upload("Mail\neve@person.example\n", "mapping", "email: Mail\n", "dry_run", "true").body["id"].(string)
	w.work()
	require.Equal(t, "nothing_to_undo", code(w.admin(http.StatusConflict, http.MethodPost, "/v1/imports/"+dry+"/undo", nil)))
	waits := w.upload("Mail\nbob@person.example\n", "mapping", "email: Mail\n").body["id"].(string)
	for range 2 {
		require.Equal(t, "cancelled", w.admin(http.StatusOK, http.MethodPost, "/v1/imports/"+waits+"/cancel", nil).body["state"])
	}
	require.Equal(t, "nothing_to_undo", code(w.admin(http.StatusConflict, http.MethodPost, "/v1/imports/"+waits+"/undo", nil)))
	require.Equal(t, http.StatusForbidden, w.as(api.RoleSales, http.MethodPost, path+"/undo", nil).StatusCode)
}

// Who types a wrong id is told what one looks like and where it stands.
func TestIDs_thatAreNoneAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v1/imports/leads.csv", "/v1/leads/ada"} {
		r := w.as(api.RoleAdmin, http.MethodGet, path, nil)
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
		require.Contains(t, r.raw, "must be an id such as 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59; lists show it as id")
		require.NotContains(t, r.raw, "RFC 4122")
	}
}
