package worker

import (
	"encoding/json"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const kindRetraction = "retraction"

// retracted says why a lead that was told of is none to be called.
func retracted(d record.Delivery) []string {
	var told record.AlertPayload
	why := "it was not theirs"
	if json.Unmarshal(d.Payload, &told) == nil && told.Data.Reason != "" {
		why = strings.ReplaceAll(told.Data.Reason, "_", " ")
	}
	return []string{
		"Lead " + d.LeadID + ", offer " + d.AssignmentID + ".",
		"What this person was said to have done was taken back (" + why + "): it was most likely a machine that followed the links of a mail, not the person.",
		"Without it the lead is not ready for sales. An offer that is open is withdrawn; if you have accepted it, it stays with you until you decide: recycle sends it back to nurture.",
	}
}
