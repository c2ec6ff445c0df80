package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Predictors keeps what was learned from outcomes. A version never changes; what is not there answers record.ErrNotFound.
type Predictors interface {
	Predictors(ctx context.Context, cursor string, limit int) (record.Page[record.KeptPredictor], error)
	Predictor(ctx context.Context, version int) (record.KeptPredictor, error)
	StoredPredictor(ctx context.Context, version int) (scoring.Predictor, error)
	KeepPredictor(ctx context.Context, p record.KeptPredictor) (record.KeptPredictor, error)
	// Healths lists what was found of a predictor, or of all (0), newest first.
	Healths(ctx context.Context, predictor int, cursor string, limit int) (record.Page[record.PredictorHealth], error)
	PublishedModel(ctx context.Context) (record.Model, error)
}

type predictorVersion struct {
	Version int `path:"version" minimum:"1" maximum:"2147483647"`
}

type predictorBody struct {
	Predictor scoring.Predictor `json:"predictor" doc:"as leadflow model train wrote it"`
	Card      json.RawMessage   `json:"card" doc:"that it wrote with it"`
	Origin    string            `json:"origin,omitempty" enum:"leads,file" doc:"what it was trained on; absent: file"`
	Note      string            `json:"note,omitempty" doc:"up to 200 characters"`
}

type useBody struct {
	Use    string  `json:"use" enum:"axis,shadow,off" doc:"axis: it gives points of fit; shadow: it is shown only"`
	Points float64 `json:"points,omitempty" doc:"as an axis: of a lead that is certain to convert"`
	Note   string  `json:"note,omitempty" doc:"of the model that is made"`
}

type healthQuery struct {
	Paged
	Predictor int `query:"predictor" minimum:"1" maximum:"2147483647" doc:"version; absent: of all"`
}

// maxModelNote is how many characters may say what is new about a version.
const maxModelNote = 2000

// predictorLimit is that of its body: levels and knots may be many, and the card tells what the data looked like.
const predictorLimit = 8 << 20

func (a *API) predictors() {
	const path, group = "/v1/predictors", "Models"
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "List what was learned from outcomes, newest first", roles: everybody}, func(ctx context.Context, in *Paged) (*out[record.Page[record.KeptPredictor]], error) {
		page, err := a.Predictors.Predictors(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.KeptPredictor]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: path, group: group, summary: "Keep a predictor with its card, as a version that never changes", roles: marketers, status: http.StatusCreated, body: predictorBody{}, limit: predictorLimit}, a.keepPredictor)
	add(a, route{method: http.MethodGet, path: path + "/{version}", group: group, summary: "Read a predictor with its card", roles: everybody}, func(ctx context.Context, in *predictorVersion) (*out[record.KeptPredictor], error) {
		p, err := a.Predictors.Predictor(ctx, in.Version)
		return &out[record.KeptPredictor]{p}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/{version}/use", group: group, summary: "Publish the model again with this predictor as an axis, as a shadow, or off", roles: marketers, body: useBody{}}, a.usePredictor)
	add(a, route{method: http.MethodGet, path: "/v1/predictor-health", group: group, summary: "Whether predictors still held, as found on the schedule, newest first", roles: everybody}, func(ctx context.Context, in *healthQuery) (*out[record.Page[record.PredictorHealth]], error) {
		page, err := a.Predictors.Healths(ctx, in.Predictor, in.Cursor, in.Limit)
		return &out[record.Page[record.PredictorHealth]]{page}, err
	})
}

// cardFacts are what a card and its predictor both say.
type cardFacts struct {
	Rows      int             `json:"rows"`
	Converted int             `json:"converted"`
	Reference json.RawMessage `json:"reference"`
}

func (a *API) keepPredictor(ctx context.Context, _ *struct{}) (*out[record.KeptPredictor], error) {
	b := predictorBody{Origin: record.OriginFile}
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	for _, p := range b.Predictor.Problems("predictor") {
		c.add(p.Path, "invalid", p.Message)
	}
	var card cardFacts
	switch {
	case json.Unmarshal(b.Card, &card) != nil || len(card.Reference) == 0:
		c.add("card", "invalid", "must be the card.json that was written with the predictor")
	case card.Rows != b.Predictor.Outcomes || card.Converted != b.Predictor.Positive:
		c.add("card", "invalid", fmt.Sprintf("is another's: it tells of %d leads, %d of which converted, and the predictor of %d and %d", card.Rows, card.Converted, b.Predictor.Outcomes, b.Predictor.Positive))
	}
	if b.Origin != record.OriginFile && b.Origin != record.OriginLeads {
		c.add("origin", "invalid", "must be leads or file")
	}
	if b.Note != "" {
		c.text("note", b.Note, 200)
	}
	raw, err := json.Marshal(b.Predictor)
	if err != nil {
		return nil, err
	}
	for field, text := range map[string]json.RawMessage{"predictor": raw, "card": b.Card} {
		if len(c) == 0 && !storable(text) {
			c.add(field, "invalid", "holds a NUL character, a number that is too large, or lies too deep")
		}
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	kept, err := a.Predictors.KeepPredictor(ctx, record.KeptPredictor{Origin: b.Origin, Note: b.Note, Author: keyOf(ctx).Name, Predictor: raw, Card: b.Card})
	return &out[record.KeptPredictor]{kept}, err
}

// deepest is how deep JSON that is kept as it was sent may lie.
const deepest = 100

// storable reports that Postgres can keep JSON as it is: not each text and each number of JSON is one of its.
func storable(raw json.RawMessage) bool {
	tokens, depth := json.NewDecoder(bytes.NewReader(raw)), 0
	for {
		t, err := tokens.Token() // numbers are read, so that none is too large
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return false
		}
		switch v := t.(type) {
		case string:
			if strings.IndexByte(v, 0) >= 0 {
				return false
			}
		case json.Delim:
			if depth++; v == ']' || v == '}' {
				depth -= 2
			}
			if depth > deepest {
				return false
			}
		}
	}
}

// usePredictor makes another version of the published model, which says otherwise of the predictor, and publishes it: everybody is
// scored anew, as by every publication, and whoever publishes the version before takes it back.
func (a *API) usePredictor(ctx context.Context, in *predictorVersion) (*out[record.Model], error) {
	var b useBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	if _, err := a.Predictors.Predictor(ctx, in.Version); err != nil {
		return nil, err
	}
	was, err := a.Predictors.PublishedModel(ctx)
	if errors.Is(err, record.ErrNotFound) {
		return nil, problem(http.StatusConflict, "no_model", "no model is published that could use a predictor: publish one")
	}
	if err != nil {
		return nil, err
	}
	source, err := document.WithPredictive(was.Source, scoring.Predictive{Use: b.Use, Points: b.Points, Version: in.Version})
	if err != nil {
		return nil, err
	}
	if b.Note == "" {
		b.Note = fmt.Sprintf("model %d with predictor %d: %s", was.Version, in.Version, b.Use)
	}
	m, err := a.keepModel(ctx, written{Source: source, Note: b.Note})
	if err != nil {
		return nil, err
	}
	published, err := a.Documents.PublishModelInstead(ctx, m.Version, was.Version)
	if errors.Is(err, record.ErrConflict) {
		err = problem(http.StatusConflict, "published_meanwhile", fmt.Sprintf(
			"somebody published another model while this was made of version %d, and nothing was published here: use the predictor again, or look at the draft %d", was.Version, m.Version))
	}
	return &out[record.Model]{published}, err
}

// keepModel keeps a model as a draft.
func (a *API) keepModel(ctx context.Context, w written) (record.Model, error) {
	parsed, err := a.parseModel(ctx, w.Source)
	if err != nil {
		return record.Model{}, err
	}
	return a.keepParsed(ctx, w, parsed)
}

// parseModel reads a model. One that names a stored predictor is given that: what a model says never changes.
func (a *API) parseModel(ctx context.Context, source string) (scoring.Model, error) {
	var failed error
	parsed, err := document.ParseModelWith([]byte(source), func(version int) (scoring.Predictor, bool) {
		p, err := a.Predictors.StoredPredictor(ctx, version)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			failed = err
		}
		return p, err == nil
	})
	if failed != nil {
		return scoring.Model{}, failed
	}
	return parsed, err
}

func (a *API) keepParsed(ctx context.Context, w written, parsed scoring.Model) (record.Model, error) {
	if w.Note != "" {
		var c checks
		if c.text("note", w.Note, maxModelNote); c.err() != nil {
			return record.Model{}, c.err()
		}
	}
	doc, err := json.Marshal(parsed)
	if err != nil {
		return record.Model{}, err
	}
	return a.Documents.CreateModel(ctx, record.Model{Source: w.Source, Document: doc, Note: w.Note, Author: keyOf(ctx).Name})
}
