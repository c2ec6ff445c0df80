package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a task gave away goes to the next once the run says that it has come so far, and not before; nobody asks for a run that is gone.
func TestPlaces_areFreedOnceTheirRunsHaveComeSoFar(t *testing.T) {
	d, _ := fast(t)
	db := database(t)
	d.reminding("places", "0.9") // no clock of it passes meanwhile
	id, rep := d.hot("Placida")
	const held = "SELECT count(*) FROM held_places WHERE lead_id = $1"
	is := func(what string, want int, sql, lead string) {
		t.Helper()
		d.eventually(what, func() bool {
			var n int
			require.NoError(t, db.QueryRow(t.Context(), sql, lead).Scan(&n))
			return n == want
		})
	}
	hold := func(lead string, further int) {
		t.Helper()
		_, err := db.Exec(t.Context(), "INSERT INTO held_places (lead_id, rep_id, version) SELECT id, $2, version + $3 FROM leads WHERE id = $1", lead, rep, further)
		require.NoError(t, err)
	}
	hold(id, 0)
	is("the place is free", 0, held, id)
	hold(id, 1)
	is("the run was asked, and has not come so far", 1, held+" AND next_at > now()", id)
	is("and again", 1, held+" AND next_at > at + interval '4 seconds'", id)
	d.call("POST", "/v1/leads/"+id+"/accept", object{"rep_id": rep}, http.StatusOK)
	is("it has", 0, held, id)

	var gone string
	require.NoError(t, db.QueryRow(t.Context(), "INSERT INTO leads (id, email, stage) VALUES (gen_random_uuid(), 'placidus@person.example', 'disqualified') RETURNING id::text").Scan(&gone))
	hold(gone, 1)
	is("there is no such run", 0, held, gone)
}
