package api

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// closing is what the form that closes a lead sends, by the update that it becomes.
var closing = map[string][]string{
	wire.UpdateWin:  {"amount", "currency", "one_thing", "missing"},
	wire.UpdateLose: {"reason", "one_thing", "missing", "note"},
}

// mayClose reports whether whoever has the link works with the lead since they took this offer: nobody else closes it by a link.
func mayClose(p record.OfferPage) bool {
	return p.State == "accepted" && p.OfferRep == p.RepID && p.OwnerID == p.RepID &&
		(p.Stage == lifecycle.StageWorking || p.Stage == lifecycle.StageOpportunity)
}

// closingOf is the body of a decision that closes a lead, from the form.
func closingOf(kind string, values url.Values) json.RawMessage {
	raw, _ := json.Marshal(typed(values, closing[kind])) // texts
	return raw
}

// typed are the fields of a form in which something was written.
func typed(values url.Values, names []string) map[string]string {
	out := map[string]string{}
	for _, name := range names {
		if v := strings.TrimSpace(values.Get(name)); v != "" {
			out[name] = v
		}
	}
	return out
}
