package intake

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Captures keeps people. A capture is one transaction: person (concurrent captures of one key merge), profile values
// with the time they were learned, touch, consent, events of a visitor who belonged to nobody, score, outbox row.
type Captures interface {
	// Capture answers *record.IdentityConflict when the keys belong to two leads.
	Capture(ctx context.Context, c record.Capture) (record.Captured, error)
}

// Events keeps what leads do.
type Events interface {
	// Ingest stores, dedupes and folds a batch in one transaction and answers item by item. An error means that
	// nothing of the batch was stored.
	Ingest(ctx context.Context, events []record.Event) ([]record.Ingested, error)
}

// Imports keeps files and their rows until every row is decided.
type Imports interface {
	CreateImport(ctx context.Context, imp record.Import) (string, error)
	AddImportRows(ctx context.Context, importID string, rows []record.ImportRow) error
	StartImport(ctx context.Context, importID string, rows int) error // queued: a worker may claim it
	ClaimImport(ctx context.Context) (record.Import, bool, error)     // by lease; also one whose lease ran out
	ExtendImport(ctx context.Context, importID string) error
	PendingImportRows(ctx context.Context, importID string, limit int) ([]record.ImportRow, error)
	// FinishImportRows stores what became of the rows and moves the import's counters.
	FinishImportRows(ctx context.Context, importID string, rows []record.ImportRow) error
	FinishImport(ctx context.Context, importID string, failure string) error
	Import(ctx context.Context, importID string) (record.Import, error)
	ListImports(ctx context.Context, cursor string, limit int) (record.Page[record.Import], error)
	FailedImportRows(ctx context.Context, importID string, after, limit int) (columns []string, rows []record.ImportRow, err error)
	// PreviewCapture tells what a capture of these would do, writing nothing.
	PreviewCapture(ctx context.Context, c record.Capture) (record.Captured, error)
}
