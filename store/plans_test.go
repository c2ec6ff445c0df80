package store

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// large are the tables that grow with a company's traffic.
var large = regexp.MustCompile(`Seq Scan on (leads|scores|events_(default|20)\w*|visitors|timeline|outbox)\b`)

// whole says why a statement may read all of a large table. Whether it does is Postgres's guess, by a sample of the rows.
var whole = map[string]string{
	"sqlBacklog":          "counts what waits, for the doctor and the metrics",
	"sqlEngagementReport": "a report is about all who began in a period",
	"sqlOutboxWaiting":    "counts what waits",
	"sqlClaimOutbox":      "a limit nobody knows is a tenth of the table: with its own it goes by index, and Postgres plans it anew each time",
	"sqlCountLeads":       "counts what matches a filter",
	"sqlStageFacts":       "the funnel is about everybody",
	"sqlEventFacts":       "the funnel is about everybody",
	"sqlChooseScores":     "a sample of all, for the doctor",
	"sqlCountScores":      "a sample of all, for the doctor",
	"sqlCountLeadsAtAll":  "a check of all, for the doctor",
	"sqlOpenLeads":        "once a training, which reads them all",
	"sqlRuleCases":        "a report over all that came to an end",
	"sqlPeopleNow":        "a report over the newest hundred thousand, by the primary key where they are a part",
	"sqlClaimRescoring":   "two thousand of ten are a piece: of a million it goes by the primary key",
	"sqlCountStale":       "once a publication",
	"sqlFinishRescoring":  "once a publication",
	"sqlReopenRescoring":  "once an hour",
	"sqlPreviewBulk":      "counts what matches a filter",
	"sqlStartBulk":        "takes what matches a filter, once a bulk action",
	"sqlClocksOfAll":      "once a policy",
	"sqlDecisionsNext":    "two thousand of ten are a piece: of a million it goes by the primary key",
	"sqlOffersNext":       "a check of all, for the doctor",
	"sqlGathered":         "while what is late waits to be told: leads that sales have",
	"sqlInDefault":        "once an hour, what lies in no month",
	"sqlCountPreview":     "once a preview",
	"sqlPreviewLeads":     "a thousand of ten are a piece: of a million it goes by the primary key",
	"sqlPlanPublication":  "once a publication",
	"sqlShadowBands":      "compares where all stand",
}

// No statement of this package reads a large table from end to end, but those that are about all of it. Plans are those
// for any values: what Postgres keeps after the first few.
func TestNoStatementReadsALargeTableWhole(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), database(t))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	leads, events := scaleOfPlans(t)
	for _, sql := range []string{
		fmt.Sprintf(`INSERT INTO leads (id, email, stage, created_at) SELECT gen_random_uuid(), 'lead' || n || '@example.com', (ARRAY['nurturing', 'working', 'won', 'lost'])[1 + n %% 4],
			now() - n * interval '1 minute' FROM generate_series(1, %d) AS n`, leads),
		`INSERT INTO scores (lead_id, model_version, accumulators, score, fit, engagement, band, grade, evaluated_at, turns_at)
			SELECT id, 1, '{}', 1, 0, 1, 'cold', 'C', now(), now() + random() * interval '30 days' FROM leads`,
		fmt.Sprintf(`INSERT INTO events (id, lead_id, client_id, type, occurred_at, received_at)
			SELECT gen_random_uuid(), l.id, 'c' || k || l.id, 'page_view', now(), now() - k * interval '1 day' FROM leads l CROSS JOIN generate_series(1, %d) AS k`, events/leads),
		`INSERT INTO visitors (visitor_id, lead_id, seen_at) SELECT 'visitor-' || id, id, now() FROM leads`,
		`INSERT INTO timeline (lead_id, at, kind, actor_type, cycle, of_run) SELECT id, created_at, 'stage', 'system', 1, true FROM leads CROSS JOIN generate_series(1, 3)`,
		`INSERT INTO outbox (lead_id, seq, score, band, triggers) SELECT id, nextval('outbox_seq'), 1, 'cold', '{}' FROM leads`,
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	_, err = conn.Exec(t.Context(), "ANALYZE; SET plan_cache_mode = force_generic_plan")
	require.NoError(t, err)
	all := statements(t)
	reading := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if plan := planOf(t, conn, name, all[name]); large.MatchString(plan) {
			reading[name] = plan
		}
	}
	for name, plan := range reading {
		if whole[name] == "" {
			t.Errorf("%s: %s", name, plan)
		}
	}
	for name := range whole {
		require.Contains(t, all, name, "there is no such statement any more")
	}
}

// scaleOfPlans is how many leads and events are laid down: PLANS_SCALE=10 makes a million events of it.
func scaleOfPlans(t *testing.T) (leads, events int) {
	t.Helper()
	scale, err := strconv.Atoi(os.Getenv("PLANS_SCALE"))
	if err != nil {
		scale = 1
	}
	return 10_000 * scale, 100_000 * scale
}

func planOf(t *testing.T, conn *pgx.Conn, name, sql string) string {
	t.Helper()
	sql, _, err := pgx.NamedArgs{}.RewriteQuery(t.Context(), conn, sql, nil)
	require.NoError(t, err)
	d, err := conn.Prepare(t.Context(), name, sql)
	require.NoError(t, err, name)
	if len(d.Fields) == 0 && !strings.Contains(sql, "INTO") && !strings.Contains(sql, "UPDATE") && !strings.Contains(sql, "DELETE") {
		return "" // BEGIN, SET and their like have no plan
	}
	arguments := make([]string, len(d.ParamOIDs))
	for i, oid := range d.ParamOIDs {
		arguments[i] = fmt.Sprintf("NULL::%s", typeName(t, conn, oid))
	}
	explain := fmt.Sprintf("EXPLAIN EXECUTE %s", pgx.Identifier{name}.Sanitize())
	if len(arguments) > 0 {
		explain += "(" + strings.Join(arguments, ", ") + ")"
	}
	rows, _ := conn.Query(t.Context(), explain, pgx.QueryExecModeSimpleProtocol)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, name)
	return strings.Join(lines, "\n")
}

func typeName(t *testing.T, conn *pgx.Conn, oid uint32) (name string) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT $1::oid::regtype::text", oid).Scan(&name))
	return name
}
