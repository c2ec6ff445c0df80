package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Check is one thing the doctor looked at.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Says string `json:"says"`
	Mend string `json:"mend,omitempty"` // what to do when it is not
}

// Doctor looks at everything Leadflow stands on. It changes nothing. The parts are looked at side by side, each in a time
// of its own: one that does not answer takes nothing from the others.
func Doctor(ctx context.Context, cfg Config) []Check {
	parts := []func(context.Context) []Check{
		func(ctx context.Context) []Check { return checkPostgres(ctx, cfg) },
		checkTemporal,
		func(ctx context.Context) []Check { return append(checkNurture(cfg), checkMail(ctx, cfg)) },
	}
	found := make([][]Check, len(parts))
	var all sync.WaitGroup
	for i, part := range parts {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			found[i] = part(ctx)
		})
	}
	all.Wait()
	return slices.Concat(found...)
}

func checkPostgres(ctx context.Context, cfg Config) []Check {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return []Check{{Name: "postgres", Says: err.Error(), Mend: "start Postgres, or correct DATABASE_URL"}}
	}
	defer s.Close()
	have, err := s.SchemaVersion(ctx)
	if err != nil {
		return []Check{{Name: "postgres", Says: err.Error(), Mend: "start Postgres, or correct DATABASE_URL"}}
	}
	checks := []Check{{Name: "postgres", OK: true, Says: "answers"}}
	migrated := Check{Name: "migrations", OK: have >= store.WantedSchema(), Says: fmt.Sprintf("version %d, this binary needs %d", have, store.WantedSchema())}
	if !migrated.OK {
		migrated.Mend = "run: leadflow migrate"
		return append(checks, migrated)
	}
	return append(checks, migrated, checkCommands(ctx, s), checkLanes(ctx, s), checkEvents(ctx, s), checkRouting(ctx, s), checkHolidays(ctx, s, time.Now()), checkPredictors(ctx, s, cfg.WatchEvery.Duration(), time.Now()))
}

// checkLanes tells of lanes that nothing goes out of.
func checkLanes(ctx context.Context, s *store.Store) Check {
	check := Check{Name: "lanes"}
	b, err := s.Backlog(ctx)
	switch restored := slices.Contains(slices.Collect(maps.Values(b.Held)), record.HeldRestored); {
	case err != nil:
		check.Says, check.Mend = err.Error(), "look again; if it stays, the log of Postgres says why"
	case restored:
		check.Says = "held: " + held(b.Held) + ": this database was restored from a backup, or copied, and nothing leaves the house"
		check.Mend = "docs/operating.md, Restoring; see what would go out: leadflow lanes release --dry-run; then: leadflow lanes release"
	case len(b.Held) > 0:
		check.Says, check.Mend = "held: "+held(b.Held), "leadflow lanes shows what waits; leadflow lanes release LANE lets it go out"
	default:
		check.OK, check.Says = true, "none held"
	}
	return check
}

// eventsKeptWithin is when somebody has to look: housekeeping comes every hour, and may find the table in use for some.
const eventsKeptWithin = 24 * time.Hour

// checkEvents tells of housekeeping that is not done: partitions come late, and what has had its time stays.
func checkEvents(ctx context.Context, s *store.Store) Check {
	check := Check{Name: "events"}
	b, err := s.Backlog(ctx)
	switch {
	case err != nil:
		check.Says, check.Mend = err.Error(), "look again; if it stays, the log of Postgres says why"
	case b.EventsKept > eventsKeptWithin:
		check.Says = fmt.Sprintf("partitions were last made and dropped %s ago; %d events lie in events_default (1000 at most are counted)", b.EventsKept.Round(time.Hour), b.EventsBeside)
		check.Mend = "start a worker, which does so every hour; if one runs, its log says why it cannot (sweep, keep events); docs/operating.md, Events"
	default:
		check.OK, check.Says = true, "partitions were made and dropped "+b.EventsKept.Round(time.Minute).String()+" ago"
	}
	return check
}

// checkCommands tells of what runs could not get done: nothing tries it again by itself.
func checkCommands(ctx context.Context, s *store.Store) Check {
	check := Check{Name: "commands"}
	b, err := s.Backlog(ctx)
	switch {
	case err != nil:
		check.Says, check.Mend = err.Error(), "look again; if it stays, the log of Postgres says why"
	case b.GivenUp > 0:
		check.Says = fmt.Sprintf("%d given up in the last seven days", b.GivenUp)
		check.Mend = "the timelines of the leads say which and why: GET /v1/leads/{id}/timeline, kind given_up; find the runs in the log of the worker"
	default:
		check.OK, check.Says = true, "none given up in the last seven days"
	}
	return check
}

func checkTemporal(ctx context.Context) []Check {
	o, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return []Check{{Name: "temporal", Says: err.Error(), Mend: "correct the TEMPORAL_ variables"}}
	}
	o.Logger = silent{}
	c, err := client.NewLazyClient(o)
	if err != nil {
		return []Check{{Name: "temporal", Says: err.Error(), Mend: "correct the TEMPORAL_ variables"}}
	}
	defer c.Close()
	if _, err := c.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return []Check{{Name: "temporal", Says: "does not answer at " + o.HostPort + "; workers that started since let nothing out of the lanes bulk and outbox", Mend: "start Temporal, or set TEMPORAL_ADDRESS (and TEMPORAL_TLS, TEMPORAL_API_KEY where it wants them)"}}
	}
	checks := []Check{{Name: "temporal", OK: true, Says: "answers at " + o.HostPort}}
	space := o.Namespace
	if space == "" {
		space = client.DefaultNamespace
	}
	_, err = c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: space})
	var missing *serviceerror.NamespaceNotFound
	if errors.As(err, &missing) {
		return append(checks, Check{Name: "namespace", Says: space + " does not exist", Mend: "run: temporal operator namespace create -n " + space + " --retention 720h"})
	}
	if err != nil {
		return append(checks, Check{Name: "namespace", Says: space + " cannot be described", Mend: "give this client the right to describe it (TEMPORAL_API_KEY, TEMPORAL_TLS), or correct TEMPORAL_NAMESPACE"})
	}
	return append(checks, Check{Name: "namespace", OK: true, Says: space}, checkAttributes(ctx, c, space))
}

// attributeTypes is what the runs write.
var attributeTypes = map[string]enumspb.IndexedValueType{
	wire.AttrStage: enumspb.INDEXED_VALUE_TYPE_KEYWORD, wire.AttrOwner: enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	wire.AttrSource: enumspb.INDEXED_VALUE_TYPE_KEYWORD, wire.AttrCycle: enumspb.INDEXED_VALUE_TYPE_INT,
	wire.AttrSLADueAt: enumspb.INDEXED_VALUE_TYPE_DATETIME,
}

func checkAttributes(ctx context.Context, c client.Client, space string) Check {
	check := Check{Name: "search attributes"}
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: space})
	if err != nil {
		check.Says, check.Mend = "cannot be listed", "give this client the right to list them, or look with: temporal operator search-attribute list"
		return check
	}
	var missing, create []string
	for name, kind := range attributeTypes {
		if have.GetCustomAttributes()[name] != kind {
			missing = append(missing, name)
			create = append(create, fmt.Sprintf("--name %s --type %s", name, kind))
		}
	}
	slices.Sort(missing)
	slices.Sort(create)
	if len(missing) > 0 {
		check.Says = "missing or of another type: " + strings.Join(missing, " ")
		check.Mend = "run: temporal operator search-attribute create -n " + space + " " + strings.Join(create, " ")
		return check
	}
	check.OK, check.Says = true, "all there"
	return check
}

func checkMail(ctx context.Context, cfg Config) Check {
	check := Check{Name: "smtp"}
	s, err := cfg.sender(1)
	if err == nil {
		defer s.Close()
		err = s.Check(ctx)
	}
	if err != nil {
		check.Says, check.Mend = err.Error(), "start the mail server, or correct LEADFLOW_SMTP_ADDRESS, _TLS, _USER and _PASSWORD"
		return check
	}
	check.OK, check.Says = true, "answers at "+cfg.SMTPAddress
	return check
}

type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}

// Ready asks the process of this configuration whether it is ready: the health check of a container without a shell.
func Ready(ctx context.Context, cfg Config) Check {
	check := Check{Name: "process", Mend: "the log of the process says why; leadflow doctor looks at what it stands on"}
	host, port, err := net.SplitHostPort(cfg.MetricsListen)
	if err != nil {
		check.Says, check.Mend = "has no listener to ask", "set LEADFLOW_METRICS_LISTEN"
		return check
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	url := "http://" + net.JoinHostPort(host, port) + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		check.Says = err.Error()
		return check
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		check.Says = "does not answer at " + url
		return check
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		check.Says = "is not ready: " + url + " answers " + resp.Status
		return check
	}
	return Check{Name: "process", OK: true, Says: "is ready"}
}
