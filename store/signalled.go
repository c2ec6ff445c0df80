package store

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// What a decision by plain signal meant is learnt from like any other. It has no row among the decisions: its outcome is named
// by the version of the lead that it made.
const sqlForgetSignalled = `DELETE FROM outcomes WHERE lead_id = @id AND decision = ANY(@decisions::uuid[])`

func signalled(leadID string, version int64, kind lifecycle.EventKind) string {
	return uuid.NewSHA1(assignmentSpace, []byte(leadID+"/"+strconv.FormatInt(version, 10)+"/"+string(kind))).String()
}

// signalledIDs are all that a version can have made: a lost attempt at it may have decided otherwise.
func signalledIDs(leadID string, version int64) (ids []string) {
	for kind := range outcomeKinds {
		ids = append(ids, signalled(leadID, version, kind))
	}
	return ids
}
