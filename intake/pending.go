package intake

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var errSoon = errors.New("intake: under construction")

// Capture keeps a person. It answers Problems or *record.IdentityConflict.
func (s *Service) Capture(ctx context.Context, in Input, by By) (record.Captured, error) {
	return record.Captured{}, errSoon
}

// Patch changes what is known of a lead. It answers Problems, record.ErrNotFound, record.ErrErased, *record.IdentityConflict.
func (s *Service) Patch(ctx context.Context, leadID string, in Input, by By) error { return errSoon }

// Events takes a batch of engagement events, item by item.
func (s *Service) Events(ctx context.Context, items []json.RawMessage) (EventsAnswer, error) {
	return EventsAnswer{}, errSoon
}

// Form takes a plain HTML form post.
func (s *Service) Form(ctx context.Context, form string, values url.Values, meta FormMeta) (record.Captured, error) {
	return record.Captured{}, errSoon
}

// StartImport stores a file's rows; a Runner carries them out.
func (s *Service) StartImport(ctx context.Context, file io.Reader, mapping []byte, opts ImportOptions, by By) (record.Import, error) {
	return record.Import{}, errSoon
}

// ErrorsCSV writes the rows that failed.
func (s *Service) ErrorsCSV(ctx context.Context, importID string, w io.Writer) error { return errSoon }

type addressRules struct{}

func newAddressRules(Config) addressRules { return addressRules{} }

type committer struct{}

func newCommitter(Events) *committer { return nil }
