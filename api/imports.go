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
	File    string `json:"file" format:"binary" doc:"CSV in UTF-8"`
	Mapping string `json:"mapping" doc:"YAML or JSON"`
	Alert   string `json:"alert,omitempty" enum:"true,false" doc:"new leads alert sales"`
	Nurture string `json:"nurture,omitempty" enum:"true,false" doc:"new leads get mail"`
	DryRun  string `json:"dry_run,omitempty" enum:"true,false" doc:"count what would happen, write nothing"`
}

func (a *API) imports() {
	add(a, route{method: http.MethodPost, path: "/v1/imports", group: "Imports", summary: "Import a CSV file under a mapping", roles: planners, status: http.StatusAccepted, body: importForm{}, media: "multipart/form-data", limit: importLimit, long: true}, a.startImport)
	add(a, route{method: http.MethodGet, path: "/v1/imports", group: "Imports", summary: "List imports, newest first", roles: planners}, func(ctx context.Context, in *Paged) (*out[record.Page[record.Import]], error) {
		page, err := a.Imports.ListImports(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.Import]]{page}, err
	})
	add(a, route{method: http.MethodGet, path: "/v1/imports/{id}", group: "Imports", summary: "How far an import is", roles: planners}, func(ctx context.Context, in *ByID) (*out[record.Import], error) {
		imp, err := a.Imports.Import(ctx, in.ID)
		return &out[record.Import]{imp}, err
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

func (a *API) importErrors(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
	if _, err := a.Imports.Import(ctx, in.ID); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "text/csv; charset=utf-8")
		c.SetHeader("Content-Disposition", `attachment; filename="errors.csv"`)
		if err := a.Intake.ErrorsCSV(ctx, in.ID, c.BodyWriter()); err != nil && !errors.Is(err, context.Canceled) {
			a.Log.ErrorContext(ctx, "the errors of an import were cut short", "import", in.ID, "error", err)
		}
	}}, nil
}
