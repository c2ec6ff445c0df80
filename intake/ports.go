package intake

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
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
	// nothing of the batch was stored. What waits for a lead that somebody else holds is not stored, and may be sent again.
	Ingest(ctx context.Context, events []record.Event) ([]record.Ingested, error)
}

// Hits keeps what is done with mails.
type Hits interface {
	// Hit notes a hit and judges it together with the others of its mail. record.ErrNotFound, record.ErrErased.
	Hit(ctx context.Context, h record.Hit) (record.HitNoted, error)
}

// Visitors knows whose anonymous visitors are.
type Visitors interface {
	// Identify gives a visitor who belongs to nobody to a lead, with what it did before; another's stays the other's. The
	// same again is no error; record.ErrNotFound, record.ErrErased.
	Identify(ctx context.Context, visitorID, leadID string) error
}

// Imports keeps files and their rows until every row is decided. Who claims an import decides it until its lease is over
// or somebody stops it: what he does under a claim that holds no more is refused.
type Imports interface {
	// CreateImport makes one that is not yet to be claimed. record.ErrConflict, with the id of the other, while an import of
	// the same hash is not over.
	CreateImport(ctx context.Context, imp record.Import) (string, error)
	// AddImportRows adds rows; those that are failed already stay so.
	AddImportRows(ctx context.Context, importID string, rows []record.ImportRow) error
	StartImport(ctx context.Context, importID string, rows, failed int) error // queued: a worker may claim it
	// ClaimImport takes a started import by lease; also one whose lease ran out. It answers false when none waits.
	ClaimImport(ctx context.Context) (record.Import, bool, error)
	// ExtendImport answers record.ErrNotFound when the claim holds no more.
	ExtendImport(ctx context.Context, imp record.Import) error
	// PendingImportRows answers the first undecided rows in their order.
	PendingImportRows(ctx context.Context, importID string, limit int) ([]record.ImportRow, error)
	// CaptureRows is Capture for rows of one import that have no key in common, all or none of them. An error about the data
	// is about one of them at least, and so is record.ErrDecided; record.ErrNotFound when the claim holds no more.
	CaptureRows(ctx context.Context, captures []record.Capture) ([]record.CapturedRow, error)
	// FinishImportRows stores what became of the rows and moves the import's counters. A row that is decided already
	// is not counted again, unless it says itself that it was decided just now, by its capture. record.ErrNotFound when
	// the claim holds no more.
	FinishImportRows(ctx context.Context, imp record.Import, rows []record.ImportRow) error
	// FinishImport ends it: done, or failed with the reason. Also one that was created and never started.
	FinishImport(ctx context.Context, imp record.Import, failure string) error
	FailedImportRows(ctx context.Context, importID string, after, limit int) (columns []string, rows []record.ImportRow, err error)
	// PreviewCapture tells what a capture of these would do, writing nothing.
	PreviewCapture(ctx context.Context, c record.Capture) (record.Captured, error)
	// RepeatedImportKeys are the keys that more than one row has.
	RepeatedImportKeys(ctx context.Context, importID string) ([]string, error)
	// ReleaseStarts lets go what imports parked: rate a second of each that has no rate of its own, and window at once
	// under way. more: some are left, or may come.
	ReleaseStarts(ctx context.Context, rate float64, window int) (n int, more bool, err error)
	ImportReads
	Undo
}

// ImportReads is what people ask of imports.
type ImportReads interface {
	Import(ctx context.Context, importID string) (record.Import, error)
	ListImports(ctx context.Context, cursor string, limit int) (record.Page[record.Import], error)
	// CancelImport stops an import for good; record.ErrConflict when it is over.
	CancelImport(ctx context.Context, importID string) (record.Import, error)
	// UndoImport asks for an undo; record.ErrConflict, with the import, when it cannot be.
	UndoImport(ctx context.Context, importID string, by lifecycle.Actor) (record.Import, error)
	// UndoneImport lists the leads of which an undo left something.
	UndoneImport(ctx context.Context, importID, cursor string, limit int) (record.Page[record.ImportKept], error)
}

// Undo takes back what imports did.
type Undo interface {
	ClaimUndo(ctx context.Context) (record.Import, bool, error)
	// UndoableLeads are leads not looked at yet, after a row; last is the row to go on after, 0 at the end.
	UndoableLeads(ctx context.Context, importID string, after, limit int) (leads []string, last int, err error)
	// UndoLeads removes those of some leads that the import made and nobody touched since, all at once, and leaves the others.
	// record.ErrDecided when the claim holds no more.
	UndoLeads(ctx context.Context, imp record.Import, leads []string) (removed int, left []string, err error)
	// UndoLead undoes what the import did to one lead: removed, restored, partly, kept. record.ErrDecided when the claim
	// holds no more.
	UndoLead(ctx context.Context, imp record.Import, leadID string) (outcome string, err error)
	CountUndone(ctx context.Context, imp record.Import, outcomes map[string]int) error
	FinishUndo(ctx context.Context, imp record.Import) error
}
