package worker

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/mocks"
	"google.golang.org/grpc"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// marks is the data of a namespace; only what a tide asks of Temporal answers.
type marks struct {
	workflowservice.WorkflowServiceClient
	data   map[string]string
	denied bool
	away   atomic.Bool
	asked  atomic.Int32
}

func (m *marks) DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest, ...grpc.CallOption) (*workflowservice.DescribeNamespaceResponse, error) {
	m.asked.Add(1)
	if m.away.Load() {
		return nil, serviceerror.NewUnavailable("away")
	}
	return &workflowservice.DescribeNamespaceResponse{NamespaceInfo: &namespace.NamespaceInfo{Data: m.data}}, nil
}

func (m *marks) UpdateNamespace(_ context.Context, r *workflowservice.UpdateNamespaceRequest, _ ...grpc.CallOption) (*workflowservice.UpdateNamespaceResponse, error) {
	if m.away.Load() {
		return nil, serviceerror.NewUnavailable("away")
	}
	if m.denied {
		return nil, serviceerror.NewPermissionDenied("no", "no")
	}
	for k, v := range r.UpdateInfo.Data {
		m.data[k] = v
	}
	return &workflowservice.UpdateNamespaceResponse{}, nil
}

// land is a database by its tide.
type land struct {
	is    record.House
	held  bool
	fails error // what holding the lanes ends with
}

func (l *land) House(context.Context) (record.House, error) { return l.is, nil }

func (l *land) RaiseTide(context.Context) (int64, bool, error) {
	l.is.Tide++
	return l.is.Tide, true, nil
}

func (l *land) NoticeOlder(_ context.Context, told int64) (bool, error) {
	if l.is.Tide >= told || l.fails != nil {
		return false, l.fails
	}
	now := time.Now()
	l.held, l.is.Tide, l.is.RestoredAt = true, told+1, &now
	return true, nil
}

func (l *land) Lanes(context.Context) ([]record.Lane, error) {
	lane := record.Lane{Lane: record.LaneBulk}
	if l.held {
		lane.HeldAt, lane.Why = l.is.RestoredAt, record.HeldRestored
	}
	return []record.Lane{lane}, nil
}

func newTide(t *testing.T, l *land, m *marks) (*Tide, *bytes.Buffer) {
	t.Helper()
	c, said := mocks.NewClient(t), &bytes.Buffer{}
	c.On("WorkflowService").Return(m)
	return &Tide{Houses: l, Client: c, Namespace: "default", Log: slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))}, said
}

// What workers raise is told to Temporal under the id of the house; a database that is older than what was told is held,
// and the log says so once.
func TestTide_noticesADatabaseThatIsOlder(t *testing.T) {
	t.Parallel()
	l, m := &land{is: record.House{ID: "h"}}, &marks{data: map[string]string{"leadflow.tide.other": "1000"}}
	tide, said := newTide(t, l, m)
	for range 5 {
		require.NoError(t, tide.Watch(t.Context()))
	}
	require.Equal(t, "5", m.data["leadflow.tide.h"])
	require.False(t, l.held, "another house's mark is not ours")
	l.is.Tide = 4 // restored
	for range 3 {
		require.NoError(t, tide.Check(t.Context()))
	}
	require.True(t, l.held)
	require.Equal(t, 1, strings.Count(said.String(), "THIS DATABASE WAS RESTORED"), said)
	require.Contains(t, said.String(), "lanes=bulk")
}

// Where the namespace may not be changed life goes on, and that is said once.
func TestTide_goesOnWithoutTheRight(t *testing.T) {
	t.Parallel()
	l, m := &land{is: record.House{ID: "h"}}, &marks{denied: true}
	tide, said := newTide(t, l, m)
	for range 3 {
		require.NoError(t, tide.Watch(t.Context()))
	}
	require.EqualValues(t, 3, l.is.Tide)
	require.Equal(t, 1, strings.Count(said.String(), "does not let us keep a mark"), said)
	require.False(t, l.held)
}
