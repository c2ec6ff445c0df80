package intake

import (
	"context"
	"errors"
	"io"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var errSoon = errors.New("intake: under construction")

// StartImport stores a file's rows; a Runner carries them out.
func (s *Service) StartImport(ctx context.Context, file io.Reader, mapping []byte, opts ImportOptions, by By) (record.Import, error) {
	return record.Import{}, errSoon
}

// ErrorsCSV writes the rows that failed.
func (s *Service) ErrorsCSV(ctx context.Context, importID string, w io.Writer) error { return errSoon }
