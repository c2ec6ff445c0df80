package cli

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// upload sends the file as it is read: it may be larger than memory.
func (o importing) upload(ctx context.Context, t *tool, path string) (record.Import, error) {
	mapping, err := readInput(o.mapping, t.In)
	if err != nil {
		return record.Import{}, err
	}
	file, err := os.Open(path)
	if err != nil {
		return record.Import{}, &failure{what: "the file cannot be read", why: err.Error(), next: "check its name and its rights", code: ExitUsage, cause: err}
	}
	defer file.Close()
	c, err := t.client()
	if err != nil {
		return record.Import{}, err
	}
	c.http.Timeout = 0 // a long file takes its time
	body, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() { w.CloseWithError(o.write(form, mapping, file)) }()
	resp, err := c.send(ctx, http.MethodPost, "/v1/imports", form.FormDataContentType(), body)
	_ = body.Close() // the writer ends where the server wanted no more
	if err != nil {
		return record.Import{}, resend(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return record.Import{}, resend(c.unreachable(err))
	}
	return decode[record.Import](raw)
}

// write puts the small parts first: a server that reads in order knows what to do with the file when it comes.
func (o importing) write(form *multipart.Writer, mapping []byte, file *os.File) error {
	for name, yes := range map[string]bool{"dry_run": o.dryRun, "alert": o.alert, "nurture": o.nurture} {
		if !yes {
			continue
		}
		if err := form.WriteField(name, "true"); err != nil {
			return err
		}
	}
	if o.rate != 0 {
		if err := form.WriteField("rate", strconv.FormatFloat(o.rate, 'f', -1, 64)); err != nil {
			return err
		}
	}
	part, err := form.CreateFormFile("mapping", filepath.Base(o.mapping))
	if err != nil {
		return err
	}
	if _, err := part.Write(mapping); err != nil {
		return err
	}
	if part, err = form.CreateFormFile("file", filepath.Base(file.Name())); err != nil {
		return err
	}
	if _, err := io.Copy(part, file); err != nil {
		return err
	}
	return form.Close()
}

// saveErrors writes the rows that failed to a file of this user alone: they are about people. It appears whole or not at all.
func (t *tool) saveErrors(ctx context.Context, imp record.Import, path string) error {
	const what, next = "the rows that failed cannot be written", "name another place with --errors, and follow the import again: leadflow import --follow "
	return t.saveFile(ctx, "/v1/imports/"+url.PathEscape(imp.ID)+"/errors.csv", path, what, next+imp.ID)
}

// saveFile writes what the API answers into a file, whole or not at all.
func (t *tool) saveFile(ctx context.Context, from, path, what, next string) (err error) {
	c, err := t.client()
	if err != nil {
		return err
	}
	c.http.Timeout = 0 // as long as it takes
	resp, err := c.send(ctx, http.MethodGet, from, "", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	tmp, err := os.CreateTemp(filepath.Dir(path), ".errors-")
	if err != nil {
		return failed(what, err, next)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone when it was renamed
	_, err = io.Copy(tmp, resp.Body)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return failed(what, err, next)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return failed(what, err, next)
	}
	return nil
}

// resend says that a file whose upload broke off can be sent again.
func resend(err error) error {
	var f *failure
	if errors.As(err, &f) && f.passing {
		f.next = "give the command again: what broke off is not imported, and a file that is imported already is not imported twice at once; " + f.next
	}
	return err
}
