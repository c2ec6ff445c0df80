package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

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

// Doctor looks at everything Leadflow stands on. It changes nothing.
func Doctor(ctx context.Context, cfg Config) []Check {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	checks := checkPostgres(ctx, cfg)
	checks = append(checks, checkTemporal(ctx)...)
	return append(checks, checkMail(ctx, cfg))
}

func checkPostgres(ctx context.Context, cfg Config) []Check {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return []Check{{Name: "postgres", Says: err.Error(), Mend: "start Postgres, or correct DATABASE_URL"}}
	}
	defer s.Close()
	have, err := s.SchemaVersion(ctx)
	if err != nil {
		return []Check{{Name: "postgres", Says: err.Error(), Mend: "start Postgres, or correct DATABASE_URL; in a new database run: leadflow migrate"}}
	}
	migrated := Check{Name: "migrations", OK: have >= store.WantedSchema(), Says: fmt.Sprintf("version %d, this binary needs %d", have, store.WantedSchema())}
	if !migrated.OK {
		migrated.Mend = "run: leadflow migrate"
	}
	return []Check{{Name: "postgres", OK: true, Says: "answers"}, migrated}
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
		return []Check{{Name: "temporal", Says: "does not answer at " + o.HostPort, Mend: "start Temporal, or set TEMPORAL_ADDRESS (and TEMPORAL_TLS, TEMPORAL_API_KEY where it wants them)"}}
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
	checks = append(checks, Check{Name: "namespace", OK: err == nil, Says: space})
	return append(checks, checkAttributes(ctx, c, space))
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
	s, err := cfg.sender()
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
