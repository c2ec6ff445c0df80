package intake

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Captures keeps people. A capture is one transaction: person (concurrent captures of one key merge), profile values
// with the time they were learned, touch, consent, events of a visitor who belonged to nobody, score, outbox row.
//
// An error about the data itself (Postgres classes 22, 23 and 54) should answer its code to SQLState() string, here and
// in Events: such an item is refused and its neighbours go on. Every other error means "not now" and is tried again.
type Captures interface {
	// Capture answers *record.IdentityConflict when the keys belong to two leads.
	Capture(ctx context.Context, c record.Capture) (record.Captured, error)
	// PatchLead merges profile, keys and consent like a capture, without a touch.
	PatchLead(ctx context.Context, leadID string, c record.Capture) error
}

// Events keeps what leads do.
type Events interface {
	// Ingest stores, dedupes and folds a batch in one transaction and answers item by item. An error means that
	// nothing of the batch was stored.
	Ingest(ctx context.Context, events []record.Event) ([]record.Ingested, error)
}

// Visitors knows whose anonymous visitors are.
type Visitors interface {
	// Identify gives a visitor who belongs to nobody to a lead, with what it did before; another's stays the other's. The
	// same again is no error; record.ErrNotFound, record.ErrErased.
	Identify(ctx context.Context, visitorID, leadID string) error
}

// Imports keeps files and their rows until every row is decided.
type Imports interface {
	CreateImport(ctx context.Context, imp record.Import) (string, error) // not yet to be claimed
	AddImportRows(ctx context.Context, importID string, rows []record.ImportRow) error
	StartImport(ctx context.Context, importID string, rows int) error // queued: a worker may claim it
	// ClaimImport takes a started import by lease; also one whose lease ran out. It answers false when none waits.
	ClaimImport(ctx context.Context) (record.Import, bool, error)
	ExtendImport(ctx context.Context, importID string) error
	// PendingImportRows answers the first undecided rows in their order.
	PendingImportRows(ctx context.Context, importID string, limit int) ([]record.ImportRow, error)
	// FinishImportRows stores what became of the rows and moves the import's counters. A row that is decided already
	// is not counted again.
	FinishImportRows(ctx context.Context, importID string, rows []record.ImportRow) error
	// FinishImport ends it: done, or failed with the reason. Also one that was created and never started.
	FinishImport(ctx context.Context, importID string, failure string) error
	Import(ctx context.Context, importID string) (record.Import, error)
	ListImports(ctx context.Context, cursor string, limit int) (record.Page[record.Import], error)
	FailedImportRows(ctx context.Context, importID string, after, limit int) (columns []string, rows []record.ImportRow, err error)
	// PreviewCapture tells what a capture of these would do, writing nothing.
	PreviewCapture(ctx context.Context, c record.Capture) (record.Captured, error)
}
