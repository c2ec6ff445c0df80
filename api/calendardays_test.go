package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCalendarDays_areAddedListedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cal := w.admin(http.StatusCreated, http.MethodPost, "/v1/calendars", object{"name": "berlin", "spec": object{"time_zone": "Europe/Berlin", "weekly": object{"mon": []object{{"from": "09:00", "to": "17:00"}}}}})
	days := "/v1/calendars/" + cal.body["id"].(string) + "/days"
	require.InDelta(t, 1, w.admin(http.StatusOK, http.MethodPost, days, object{"date": "2026-12-25", "name": "Christmas"}).body["added"], 0)
	require.InDelta(t, 1, w.admin(http.StatusOK, http.MethodPost, days, object{"date": "2026-12-25"}).body["known"], 0)
	w.admin(http.StatusOK, http.MethodPost, days, object{"kind": "closure", "from": "2026-12-24T12:00", "to": "2026-12-24"})
	w.admin(http.StatusOK, http.MethodPost, days, object{"kind": "opening", "date": "2026-12-27", "from": "10:00", "to": "14:00"})
	require.ElementsMatch(t, []string{"to", "from"}, w.admin(http.StatusUnprocessableEntity, http.MethodPost, days, object{"kind": "closure", "from": "x", "to": "y"}).fields())
	require.Equal(t, []string{"date"}, w.admin(http.StatusUnprocessableEntity, http.MethodPost, days, object{"date": "25.12.2026"}).fields())
	require.Equal(t, []string{"kind"}, w.admin(http.StatusUnprocessableEntity, http.MethodPost, days, object{"kind": "feast"}).fields())

	file := "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20200501\r\nSUMMARY:May\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART:20260501T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	read := w.admin(http.StatusOK, http.MethodPost, days+"/import?from=2026&to=2027", file, "Content-Type", "text/calendar")
	require.InDelta(t, 2, read.body["added"], 0)
	require.InDelta(t, 1, read.body["rejected"], 0)
	read = w.admin(http.StatusOK, http.MethodPost, days+"/import?from=2026&to=2027", "date,name\n2026-05-01,May\n", "Content-Type", "text/csv")
	require.InDelta(t, 1, read.body["known"], 0)
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, days+"/import", "no days", "Content-Type", "text/csv")

	require.NotEmpty(t, w.admin(http.StatusOK, http.MethodGet, "/v1/holidays", nil).body["items"])
	require.InDelta(t, 9, w.admin(http.StatusOK, http.MethodPost, days+"/seed", object{"country": "DE", "until": 2026}).body["added"], 2) // Christmas and May are there
	require.ElementsMatch(t, []string{"country"}, w.admin(http.StatusUnprocessableEntity, http.MethodPost, days+"/seed", object{"country": "XX"}).fields())
	require.ElementsMatch(t, []string{"until"}, w.admin(http.StatusUnprocessableEntity, http.MethodPost, days+"/seed", object{"country": "DE", "until": 2199}).fields())
	require.Len(t, w.admin(http.StatusOK, http.MethodGet, "/v1/holidays", nil).body["seeds"], 1)

	listed := w.admin(http.StatusOK, http.MethodGet, days+"?kind=opening", nil).body["items"].([]any)
	require.Len(t, listed, 1)
	w.admin(http.StatusNoContent, http.MethodDelete, days+"/"+listed[0].(object)["id"].(string), nil)
	w.admin(http.StatusNotFound, http.MethodDelete, days+"/"+listed[0].(object)["id"].(string), nil)
	require.Empty(t, w.admin(http.StatusOK, http.MethodGet, days+"?kind=opening", nil).body["items"])
	require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodPost, days, object{"date": "2026-12-26"}).StatusCode)
}
