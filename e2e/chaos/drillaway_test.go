package chaos

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

const sqlQueuedIn = `SELECT count(*) FROM deliveries WHERE state = 'queued' AND lane = $1`

// The backup is of moments ago, it is restored where it was, and Temporal, which alone could tell, is away while the house
// starts. Mail that went out since the backup does not go out again; an alert of the backup does, for sales may not wait for
// Temporal; the tide does not overtake Temporal's mark, so that the restore is noticed when it is back.
func TestRestoreDrillWithoutTemporal(t *testing.T) {
	d := newDrill(t)
	d.leadflow("lanes", "hold", "alert")
	d.demo(d.capture("cyd"))
	d.eventually("an alert waits", func() bool { return d.one(sqlQueuedIn, "alert") == 1 })
	d.leadflow("lanes", "hold", "bulk")
	d.capture("ada")
	d.capture("bob")
	d.eventually("mails wait", func() bool { return d.one(sqlQueuedIn, "bulk") >= 2 })
	backup := d.one("SELECT tide FROM house")
	dump := filepath.Join(t.TempDir(), "backup.sql")
	d.postgres("pg_dump", "--file", dump, "--dbname")
	d.leadflow("lanes", "release")
	d.eventually("what waited went out, and Temporal has a later mark", func() bool {
		_, alerts, _ := d.mails()
		return d.one(sqlQueuedIn, "bulk") == 0 && alerts == 1 && d.mark() > backup
	})
	require.NoError(t, d.Rest(t.Context(), time.Minute))
	nurture, alerts, again := d.mails()
	require.Zero(t, again)

	temporal := d.Away("temporal")
	back := d.Away("serve", "work")
	d.restore("over the old one", dump)
	_, err := d.pool.Exec(t.Context(), "UPDATE lanes SET held_at = NULL, why = ''") // they were held only so that something waits
	require.NoError(t, err)
	mails := d.one(sqlQueuedIn, "bulk")
	require.GreaterOrEqual(t, mails, 2)
	back()
	const waits = "lanes are held (not required): outbox (until Temporal answers), bulk (until Temporal answers)"
	for _, shed := range d.sheds {
		d.eventually("a worker says that it waits", func() bool { return strings.Contains(d.ready(shed), waits) })
	}
	d.eventually("the alert goes out again, under its id", func() bool {
		return d.one("SELECT count(*) FROM deliveries WHERE state = 'sent' AND lane = 'alert'") == 1
	})
	out, err := d.Leadflow(t.Context(), "doctor")
	require.Error(t, err)
	require.Contains(t, out, "nothing out of the lanes bulk and outbox")
	d.quiet(nurture, alerts)
	require.Equal(t, mails, d.one(sqlQueuedIn, "bulk"), "nurture mail waits")
	require.Equal(t, backup, d.one("SELECT tide FROM house"), "and the tide stays below Temporal's mark")

	temporal()
	require.NoError(t, d.AwaitReady(t.Context()))
	d.heldByTheRestore()
	require.Contains(t, d.leadflow("lanes", "release", "-o", "csv"), fmt.Sprintf("bulk,,nurture:%d", mails), "they are parked")
	require.NoError(t, d.Rest(t.Context(), time.Minute))
	_, _, again = d.mails()
	require.Zero(t, again, "no nurture mail arrives twice")
	require.Equal(t, mails, d.one("SELECT count(*) FROM deliveries WHERE state = 'unknown' AND code = 'restored'"))
}

// mark is what Temporal was told of how far life has come, 0 while it does not say.
func (d drill) mark() int {
	d.t.Helper()
	space, err := d.client.WorkflowService().DescribeNamespace(d.t.Context(), &workflowservice.DescribeNamespaceRequest{Namespace: client.DefaultNamespace})
	require.NoError(d.t, err)
	for key, value := range space.GetNamespaceInfo().GetData() {
		if strings.HasPrefix(key, "leadflow.tide.") {
			n, err := strconv.Atoi(value)
			require.NoError(d.t, err)
			return n
		}
	}
	return 0
}
