package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
)

// Every request is a line of the log under the id its caller got, whether it went well or not; nobody is named in any.
func TestLog_hasRequestIDsAndNobodysName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := object{"email": "zyxada@secret.example", "profile": object{"first_name": "Zyxada", "phone": "+4917012345678"}}
	answers := []reply{w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", person)}
	id := answers[0].body["id"].(string)
	answers = append(answers,
		w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/leads", object{"email": "zyxada at secret.example", "zyxada": 1}),
		w.admin(http.StatusCreated, http.MethodPost, "/v1/leads/"+id+"/notes", object{"text": "Zyxada likes us"}),
		w.admin(http.StatusOK, http.MethodGet, "/v1/leads?q=zyxada%40secret.example", nil),
		w.as("", http.MethodPost, "/f/contact?email=zyxada%40secret.example", "email=zyxada%40secret.example"),
	)
	w.store.Close() // what goes wrong is told as well
	answers = append(answers, w.as(api.RoleAdmin, http.MethodPost, "/v1/leads", person))
	require.GreaterOrEqual(t, answers[len(answers)-1].StatusCode, http.StatusInternalServerError)
	for _, a := range answers {
		line := "msg=request request_id=" + a.Header.Get("X-Request-Id")
		require.Eventually(t, func() bool { return strings.Contains(w.log.String(), line) }, 5*time.Second, 5*time.Millisecond, line)
	}
	require.Contains(t, w.log.String(), `level=ERROR msg="a request failed" request_id=`+answers[len(answers)-1].Header.Get("X-Request-Id"))
	for _, secret := range []string{"zyxada", "secret.example", "4917012345678", w.keys[api.RoleAdmin], id} {
		require.NotContains(t, strings.ToLower(w.log.String()), strings.ToLower(secret))
	}
}
