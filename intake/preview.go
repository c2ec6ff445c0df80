package intake

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// foreseen is what the rows of a dry run that came before would have made of one person.
type foreseen struct {
	created         bool           // the store does not know them
	stored          record.Capture // the key it knows them by, where it does
	email, external string         // keys they would have
	profile         map[string]any // what would be filled in
	consent         *record.Consent
}

// foreseeRepeats finds out whom a dry run must remember: of all others no second row can tell. So its memory is that of
// the people who are in the file more than once.
func (j *job) foreseeRepeats(ctx context.Context) error {
	if !j.imp.DryRun {
		return nil
	}
	keys, err := j.runner.service.deps.Imports.RepeatedImportKeys(ctx, j.imp.ID)
	j.seen, j.repeated = map[string]*foreseen{}, make(map[string]bool, len(keys))
	for _, key := range keys {
		j.repeated[key] = true
	}
	return err
}

// preview tells what a capture would do after the rows before it, writing nothing. The rows of one person are asked for
// one after another.
func (j *job) preview(ctx context.Context, c record.Capture) (out record.Captured, err error) {
	if !slices.ContainsFunc(keys(c), func(key string) bool { return j.repeated[key] }) {
		return j.runner.service.deps.Imports.PreviewCapture(ctx, c)
	}
	f, err := j.before(c)
	switch {
	case err != nil:
		return out, err
	case f == nil:
		f = &foreseen{profile: map[string]any{}}
		out, err = j.first(ctx, c, f)
	case f.created:
		left := f.without(c)
		out.Changed = !c.SkipKnown && (f.gains(c) || len(left.Profile) > 0) || left.Consent != nil
		out.Skipped, out.Repeated = c.SkipKnown, true
	default:
		out, err = j.runner.service.deps.Imports.PreviewCapture(ctx, f.ask(c))
		out.Changed = out.Changed || f.overwrites(c)
		out.Repeated = true
	}
	if err == nil {
		j.foresee(c, f)
	}
	return out, err
}

// first asks for somebody no row named before, and finds out by which key the store knows them.
func (j *job) first(ctx context.Context, c record.Capture, f *foreseen) (record.Captured, error) {
	imports := j.runner.service.deps.Imports
	out, err := imports.PreviewCapture(ctx, c)
	if err != nil || out.Created {
		f.created = true
		return out, err
	}
	f.stored = record.Capture{Email: c.Email}
	if c.Email == "" {
		f.stored = record.Capture{ExternalID: c.ExternalID}
	} else if c.ExternalID != "" {
		byEmail, err := imports.PreviewCapture(ctx, f.stored)
		if err != nil {
			return out, err
		}
		if byEmail.Created {
			f.stored = record.Capture{ExternalID: c.ExternalID}
		}
	}
	return out, nil
}

// ask is what the store must be asked of a row of somebody it knows: who it knows them as, and what no row said yet.
func (f *foreseen) ask(c record.Capture) record.Capture {
	left := f.without(c)
	left.Email, left.ExternalID = f.stored.Email, f.stored.ExternalID
	if f.email == "" {
		left.Email = c.Email
	}
	if f.external == "" {
		left.ExternalID = c.ExternalID
	}
	return left
}

// before finds whom the keys belong to by the rows before; nil: nobody yet.
func (j *job) before(c record.Capture) (*foreseen, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var found *foreseen
	for _, key := range keys(c) {
		f := j.seen[key]
		if f != nil && found != nil && f != found {
			return nil, &record.IdentityConflict{}
		}
		if f != nil {
			found = f
		}
	}
	return found, nil
}

// foresee notes what a row would have written.
func (j *job) foresee(c record.Capture, f *foreseen) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if f.email == "" {
		f.email = c.Email
	}
	if f.external == "" {
		f.external = c.ExternalID
	}
	for field, value := range f.without(c).Profile {
		f.profile[field] = value
	}
	if consent := f.without(c).Consent; consent != nil {
		f.consent = consent
	}
	for _, key := range keys(record.Capture{Email: f.email, ExternalID: f.external}) {
		j.seen[key] = f
	}
}

// gains reports whether the capture brings a key that was missing.
func (f *foreseen) gains(c record.Capture) bool {
	return f.email == "" && c.Email != "" || f.external == "" && c.ExternalID != ""
}

// without is the capture less what rows before said already, by the rule of each field.
func (f *foreseen) without(c record.Capture) record.Capture {
	c.Profile = maps.Clone(c.Profile)
	maps.DeleteFunc(c.Profile, func(field string, value any) bool {
		said, filled := f.profile[field]
		fill := c.FillBlanks != slices.Contains(c.Otherwise, field)
		return value == nil || filled && (fill || reflect.DeepEqual(said, value))
	})
	if said := c.Consent; said != nil && (said.Granted && c.SkipKnown || f.consent != nil && (*said == *f.consent || said.Granted && c.FillBlanks)) {
		c.Consent = nil
	}
	return c
}

// overwrites reports whether the capture says otherwise than a row before it, where the last one wins.
func (f *foreseen) overwrites(c record.Capture) bool {
	if c.SkipKnown {
		return false
	}
	for field := range f.without(c).Profile {
		if _, said := f.profile[field]; said {
			return true
		}
	}
	return false
}
