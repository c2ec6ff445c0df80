package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// ErrNoModel is record.ErrNoModel.
var ErrNoModel = record.ErrNoModel

// Error is what leaves the store when Postgres objects. It says which operation failed and Postgres's code for why,
// and never a value: Postgres quotes the offending row, and rows are people's data.
type Error struct {
	Op         string // what was tried
	Code       string // SQLSTATE, or unreachable, or internal with the type of the cause
	Constraint string // name of the constraint that was violated, if any
	is         error
}

func (e *Error) Error() string {
	switch {
	case e.Code == "unreachable":
		return fmt.Sprintf("store: %s: Postgres does not answer; check DATABASE_URL and that the server runs", e.Op)
	case e.Constraint != "":
		return fmt.Sprintf("store: %s: %s (%s)", e.Op, e.Code, e.Constraint)
	}
	return fmt.Sprintf("store: %s: %s", e.Op, e.Code)
}

// SQLState is Postgres's code, where Postgres answered: who sent many things at once learns from it whose fault it was.
func (e *Error) SQLState() string {
	if len(e.Code) != 5 {
		return ""
	}
	return e.Code
}

// Unwrap gives the sentinel of domain/record or of context that the error stands for, if any.
func (e *Error) Unwrap() error { return e.is }

// known is what may leave as it is: it carries no value.
func known(err error) bool {
	var conflict *record.IdentityConflict
	var own *Error
	var refused *record.MailRefused
	var unmerged *record.MergeRefused
	var unasked *record.AskRefused
	return errors.As(err, &conflict) || errors.As(err, &unasked) || errors.As(err, &refused) || errors.As(err, &unmerged) || errors.Is(err, errDryRun) || errors.As(err, &own) ||
		errors.Is(err, record.ErrNotFound) || errors.Is(err, record.ErrErased) ||
		errors.Is(err, record.ErrBadCursor) || errors.Is(err, record.ErrConflict) || errors.Is(err, record.ErrInUse) || errors.Is(err, ErrNoModel) ||
		errors.Is(err, record.ErrDecided) || errors.Is(err, record.ErrTooMany) ||
		errors.Is(err, record.ErrFull)
}

// masked takes the values out of an error.
func masked(op string, err error) error {
	if err == nil || known(err) {
		return err
	}
	out := &Error{Op: op, Code: fmt.Sprintf("internal (%T)", err)}
	var pg *pgconn.PgError
	var scan pgx.ScanArgError
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return record.ErrNotFound
	case errors.Is(err, context.Canceled):
		out.Code, out.is = "canceled", context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		out.Code, out.is = "timeout", context.DeadlineExceeded
	case errors.As(err, &pg):
		out.Code, out.Constraint = pg.Code, pg.ConstraintName
		switch pg.Code {
		case "23505": // unique_violation
			out.is = record.ErrConflict
		case "23503": // foreign_key_violation: what is named does not exist, or what is deleted is still named
			out.is = record.ErrInUse
		case "57P01", "57P02", "57P03", "53300": // it is being stopped, crashed, starts or is full: it is away for a moment
			out.is = record.ErrUnavailable
		}
	case errors.As(err, &connect), pgconn.SafeToRetry(err), pgconn.Timeout(err):
		out.Code, out.is = "unreachable", record.ErrUnavailable
	case errors.As(err, &scan):
		out.Code = "scan:" + scan.FieldName
	case errors.Is(err, errAgain):
		out.Code = "lost the race too often"
	}
	return out
}

// lostRace reports whether the same transaction may well succeed when it is run again.
func lostRace(err error) bool {
	if errors.Is(err, errAgain) {
		return true
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// again makes a transaction run again that a unique key hit between its look and its write: the next look sees who was
// faster.
func again(err error, constraints ...string) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" && slices.Contains(constraints, pg.ConstraintName) {
		return errAgain
	}
	return err
}
