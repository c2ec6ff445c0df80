package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

// importForm documents the parts of an upload.
type importForm struct {
	File    string `json:"file" format:"binary" doc:"CSV; encoding and delimiter are found out where the mapping does not say"`
	Mapping string `json:"mapping" doc:"YAML or JSON"`
	Alert   string `json:"alert,omitempty" enum:"true,false" doc:"new leads alert sales"`
	Nurture string `json:"nurture,omitempty" enum:"true,false" doc:"new leads get mail"`
	DryRun  string `json:"dry_run,omitempty" enum:"true,false" doc:"count what would happen, write nothing"`
	Rate    string `json:"rate,omitempty" doc:"runs it may start a second; absent: as many as the house does"`
}

// PagedByID is the input of lists about one thing.
type PagedByID struct {
	ByID
	Paged
}

func (a *API) imports() {
	add(a, route{method: http.MethodPost, path: "/v1/imports", group: "Imports", summary: "Import a CSV file under a mapping", roles: planners, status: http.StatusAccepted, body: importForm{}, media: "multipart/form-data", limit: importLimit, long: true, secret: true}, a.startImport)
	add(a, route{method: http.MethodGet, path: "/v1/imports", group: "Imports", summary: "List imports, newest first", roles: planners}, func(ctx context.Context, in *Paged) (*out[record.Page[record.Import]], error) {
		page, err := a.Imports.ListImports(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.Import]]{page}, err
	})
	add(a, route{method: http.MethodGet, path: "/v1/imports/{id}", group: "Imports", summary: "How far an import is", roles: planners}, func(ctx context.Context, in *ByID) (*out[record.Import], error) {
		imp, err := a.Imports.Import(ctx, in.ID)
		return &out[record.Import]{imp}, err
	})
	add(a, route{method: http.MethodPost, path: "/v1/imports/{id}/cancel", group: "Imports", summary: "Stop an import; what it did stays until it is undone", roles: planners}, a.cancelImport)
	add(a, route{method: http.MethodPost, path: "/v1/imports/{id}/undo", group: "Imports", summary: "Undo an import within an hour of its end", roles: planners, status: http.StatusAccepted}, a.undoImport)
	add(a, route{method: http.MethodGet, path: "/v1/imports/{id}/undo", group: "Imports", summary: "Leads of which an undo left something, and why", roles: planners}, func(ctx context.Context, in *PagedByID) (*out[record.Page[record.ImportKept]], error) {
		page, err := a.Imports.UndoneImport(ctx, in.ID, in.Cursor, in.Limit)
		return &out[record.Page[record.ImportKept]]{page}, err
	})
	const errorsCSV = "/v1/imports/{id}/errors.csv"
	add(a, route{method: http.MethodGet, path: errorsCSV, group: "Imports", summary: "The rows that failed, with row, column and error", roles: planners, long: true}, a.importErrors)
	operation(a.huma.OpenAPI().Paths[errorsCSV], http.MethodGet).Responses["200"].Content = content("text/csv", nil)
}

// startImport reads the parts in any order; the file is read last, so that it need not be held.
func (a *API) startImport(ctx context.Context, _ *struct{}) (*out[record.Import], error) {
	form, err := readForm(bodyOf(ctx))
	if err != nil {
		return nil, err
	}
	defer func() { _ = form.RemoveAll() }()
	var c checks
	mapping, err := part(form, "mapping")
	if err != nil {
		return nil, err
	}
	if mapping == nil {
		c.add("mapping", "required", "is missing: the part that says which column is what, in YAML or JSON")
	}
	if len(form.File["file"]) != 1 {
		c.add("file", "required", "is missing: one part with the CSV file")
	}
	opts := intake.ImportOptions{Alert: yes(&c, form, "alert"), Nurture: yes(&c, form, "nurture"), DryRun: yes(&c, form, "dry_run")}
	opts.StartRate = perSecond(&c, form, "rate")
	if err := c.err(); err != nil {
		return nil, err
	}
	file, err := form.File["file"][0].Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	imp, err := a.Intake.StartImport(ctx, file, mapping, opts, intake.By{Actor: actorOf(ctx), Via: "import"})
	return &out[record.Import]{imp}, err
}

func readForm(b *body) (*multipart.Form, error) {
	media, params, _ := mime.ParseMediaType(b.media)
	if media != "multipart/form-data" || params["boundary"] == "" {
		return nil, problem(http.StatusUnsupportedMediaType, "unsupported_media_type", "send multipart/form-data with the parts file and mapping")
	}
	r, err := b.reader()
	if err != nil {
		return nil, err
	}
	form, err := multipart.NewReader(r, params["boundary"]).ReadForm(inMemory)
	if err != nil {
		return nil, problem(http.StatusBadRequest, "invalid_body", "the multipart body cannot be read")
	}
	return form, nil
}

// part is a part that may come as a value or as a file.
func part(form *multipart.Form, name string) ([]byte, error) {
	if v := form.Value[name]; len(v) > 0 {
		return []byte(v[0]), nil
	}
	if len(form.File[name]) == 0 {
		return nil, nil
	}
	f, err := form.File[name][0].Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, defaultLimit))
}

func yes(c *checks, form *multipart.Form, name string) bool {
	if len(form.Value[name]) == 0 {
		return false
	}
	v, err := strconv.ParseBool(form.Value[name][0])
	if err != nil {
		c.add(name, "invalid", "must be true or false")
	}
	return v
}

func perSecond(c *checks, form *multipart.Form, name string) float64 {
	if len(form.Value[name]) == 0 {
		return 0
	}
	v, err := strconv.ParseFloat(form.Value[name][0], 64)
	if err != nil || !(v >= 0.01 && v <= 100_000) {
		c.add(name, "invalid", "must be a number of runs a second, from 0.01 to 100000")
	}
	return v
}

func (a *API) cancelImport(ctx context.Context, in *ByID) (*out[record.Import], error) {
	imp, err := a.Imports.CancelImport(ctx, in.ID)
	if errors.Is(err, record.ErrConflict) {
		err = problem(http.StatusConflict, "import_over", "the import is "+imp.State+": there is nothing to stop")
	}
	return &out[record.Import]{imp}, err
}

func (a *API) undoImport(ctx context.Context, in *ByID) (*out[record.Import], error) {
	imp, err := a.Imports.UndoImport(ctx, in.ID, actorOf(ctx))
	if errors.Is(err, record.ErrConflict) {
		err = cannotUndo(imp)
	}
	return &out[record.Import]{imp}, err
}

// cannotUndo says why an import is not undone, and what to do.
func cannotUndo(imp record.Import) error {
	switch {
	case imp.State == "queued" || imp.State == "running":
		return problem(http.StatusConflict, "import_running", "the import is "+imp.State+"; cancel it first, then undo it")
	case imp.DryRun || imp.Starts == nil:
		return problem(http.StatusConflict, "nothing_to_undo", "the import wrote nothing")
	}
	return problem(http.StatusConflict, "undo_too_late", "an import can be undone within an hour of its end; correct or erase its leads one by one")
}

func (a *API) importErrors(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
	imp, err := a.Imports.Import(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "text/csv; charset="+imp.Encoding)
		c.SetHeader("Content-Disposition", `attachment; filename="errors.csv"`)
		if err := a.Intake.ErrorsCSV(ctx, in.ID, c.BodyWriter()); err != nil && !errors.Is(err, context.Canceled) {
			a.Log.ErrorContext(ctx, "the errors of an import were cut short", "import", in.ID, "error", err)
		}
	}}, nil
}
