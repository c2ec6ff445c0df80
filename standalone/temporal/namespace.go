package temporal

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"
)

const namespace = "default"

// Kind is the type of a search attribute.
type Kind = enumspb.IndexedValueType

// The kinds that are used here.
const (
	Keyword  = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	Int      = enumspb.INDEXED_VALUE_TYPE_INT
	Datetime = enumspb.INDEXED_VALUE_TYPE_DATETIME
)

// prepare makes the namespace and the search attributes and waits until both can be used.
func (s *Server) prepare(ctx context.Context, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c, err := client.NewLazyClient(client.Options{HostPort: s.Address(), Namespace: namespace, Logger: sdkLogger{logTo(o.Log)}})
	if err != nil {
		return err
	}
	defer c.Close()
	if o.Retention == 0 {
		o.Retention = 30 * 24 * time.Hour
	}
	if err := until(ctx, "the namespace", func() error { return register(ctx, c, o.Retention) }); err != nil {
		return err
	}
	return until(ctx, "the search attributes", func() error { return attributes(ctx, c, o.Attributes) })
}

func register(ctx context.Context, c client.Client, retention time.Duration) error {
	_, err := c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: namespace, WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	var exists *serviceerror.NamespaceAlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return err
	}
	_, err = c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	return err
}

func attributes(ctx context.Context, c client.Client, wanted map[string]Kind) error {
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return err
	}
	missing := map[string]Kind{}
	for name, kind := range wanted {
		if _, ok := have.GetCustomAttributes()[name]; !ok {
			missing[name] = kind
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: missing,
	})
	if err != nil {
		return err
	}
	return errors.New("added, not listed yet")
}

// until tries until it works or the time is over.
func until(ctx context.Context, what string, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s of temporal did not come up: %w", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
