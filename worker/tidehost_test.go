package worker_test

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/worker"
)

// namespaces answers what a tide asks of Temporal; a real server is away and comes back in e2e/chaos.
type namespaces struct {
	workflowservice.UnimplementedWorkflowServiceServer
}

func (namespaces) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (namespaces) DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest) (*workflowservice.DescribeNamespaceResponse, error) {
	return &workflowservice.DescribeNamespaceResponse{}, nil
}

// A worker that starts while Temporal is away does not know whether the database was restored: nurture mail waits, also
// what is made in this very process, and so do signals. Alerts go out. When Temporal is there, the rest goes.
func TestHost_waitsForTheMark(t *testing.T) {
	s := openHouse(t, pgtest.New(t, seeded))
	office := newPostOffice(t, func(string, string) bool { return false })
	_, err := s.CreateRep(t.Context(), record.Rep{Name: "Ann Seller", Email: "ann@sales.example", TimeZone: "UTC", Active: true})
	require.NoError(t, err)
	offer := func(email string) {
		lead := capture(t, s, email, lifecycle.StageQualified)
		_, err = s.Offer(t.Context(), lifecycle.Command{ID: lead + "/1/offer/1", Kind: lifecycle.CommandOffer, Cycle: 1, N: 1, At: wednesday})
		require.NoError(t, err)
	}
	queue(t, s, "before@bulk.example")
	offer("warm@person.example")
	h := host(t, s, office.address)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	h.Client = temporalAt(t, l.Addr().String())
	h.Tide = &worker.Tide{Houses: s, Client: h.Client, Namespace: "default", Log: slog.New(slog.DiscardHandler)}
	run(t, h)
	await(t, 20*time.Second, "it waits", func() bool { return len(h.Tide.Waiting()) == 2 })

	queue(t, s, "meanwhile@bulk.example")
	offer("hot@person.example")
	await(t, 20*time.Second, "the rep's mails", func() bool { return len(office.got("ann@sales.example")) == 2 })
	for _, email := range []string{"before@bulk.example", "meanwhile@bulk.example"} {
		require.Equal(t, "queued", stateOf(t, s, email))
	}
	var tried int
	require.NoError(t, s.Pool().QueryRow(t.Context(), "SELECT coalesce(sum(attempts), 0)::int FROM outbox").Scan(&tried))
	require.Zero(t, tried, "no signal was claimed")

	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, namespaces{})
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	await(t, time.Minute, "what waited goes out", func() bool {
		return stateOf(t, s, "before@bulk.example") == "sent" && stateOf(t, s, "meanwhile@bulk.example") == "sent"
	})
	require.Empty(t, h.Tide.Waiting())
	await(t, time.Minute, "signals are tried", func() bool {
		require.NoError(t, s.Pool().QueryRow(t.Context(), "SELECT coalesce(sum(attempts), 0)::int FROM outbox").Scan(&tried))
		return tried > 0
	})
}
