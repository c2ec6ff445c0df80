package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a rep says of a lead that was lost is kept whichever way it is said: by the API, the command line, and the page of the offer.
func TestTold_whyALeadWasLost(t *testing.T) {
	d, _ := fast(t)
	taken := func(name string) (id, link string) {
		id, owner := d.hot(name)
		link = d.offerLink(id, owner)
		require.Equal(t, "working", d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})["stage"])
		return id, link
	}
	lost := func(id, thing string) {
		for _, i := range d.get("/v1/outcomes?kind=lost&limit=200")["items"].([]any) {
			if o := i.(object); o["lead_id"] == id {
				require.Equal(t, []any{"no_fit", thing, "an API"}, []any{o["reason"], o["one_thing"], o["missing"]})
				require.NotNil(t, o["assignment_id"])
				require.Equal(t, "lost", d.lead(id)["stage"])
				return
			}
		}
		t.Fatalf("no outcome of %s", id)
	}
	id, _ := taken("Closea")
	require.Equal(t, "lost", d.post("/v1/leads/"+id+"/lose", object{"reason": "no_fit", "one_thing": "by the API", "missing": "an API"})["stage"])
	lost(id, "by the API")

	id, _ = taken("Closeb")
	_, code := leadflow(t, "lead", "lose", id, "--reason", "no_fit", "--one-thing", "by the command line", "--missing", "an API")
	require.Zero(t, code)
	lost(id, "by the command line")

	id, link := taken("Closec")
	status, text := d.page(http.MethodGet, link, nil)
	require.Equal(t, 200, status)
	require.Contains(t, text, `value="lose"`)
	status, text = d.page(http.MethodPost, link, url.Values{"action": {"lose"}, "reason": {"no_fit"}, "one_thing": {"by the page"}, "missing": {"an API"}})
	require.Equal(t, 200, status, text)
	require.Contains(t, text, "the lead is lost now")
	require.NotContains(t, text, `value="lose"`)
	lost(id, "by the page")

	id, link = taken("Closed")
	status, text = d.page(http.MethodPost, link, url.Values{"action": {"win"}, "amount": {"99.5"}, "currency": {"EUR"}, "one_thing": {"the page"}})
	require.Equal(t, 200, status, text)
	require.Contains(t, text, "the lead is won now")
	require.Equal(t, "won", d.lead(id)["stage"])
}
