package app

import (
	"context"
	"fmt"

	"github.com/leadflow-dev/leadflow/store"
)

// replayed is how many decisions about who gets a lead the doctor asks again.
const replayed = 1000

// checkRouting asks the newest decisions of the routing ledger again.
func checkRouting(ctx context.Context, s *store.Store) Check {
	check := Check{Name: "routing"}
	looked, differ, err := s.RoutingReplayed(ctx, replayed)
	switch {
	case err != nil:
		check.Says, check.Mend = err.Error(), "look again; if it stays, the log of Postgres says why"
	case len(differ) > 0:
		check.Says = fmt.Sprintf("%d of the last %d decisions come out otherwise when they are asked again; the newest is row %d of routings", len(differ), looked, differ[0])
		check.Mend = "somebody changed the ledger or a routing document in Postgres, or two versions of this program decide otherwise; leadflow route explain LEAD shows what was kept"
	default:
		check.OK, check.Says = true, fmt.Sprintf("the last %d decisions come out the same when they are asked again", looked)
	}
	return check
}
