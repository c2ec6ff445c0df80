package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

type object = map[string]any

// client speaks to the API with the key of the house.
type client struct {
	base, key string
	http      *http.Client
}

// refusal is an answer of the API that will not change by asking again.
type refusal struct {
	method, path string
	status       int
	code         string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s %s: %d %s", r.method, r.path, r.status, r.code)
}

// refused reports that the API said no: somebody else decided first, the person is erased, or a run that was killed had
// asked the same.
func refused(err error) bool {
	var r *refusal
	return errors.As(err, &r)
}

const tries = 6

// request is one question; of a POST, once names it for Idempotency-Key.
type request struct {
	method, path, once, media string
	body                      []byte
}

func (c *client) get(ctx context.Context, path string, out any) error {
	return c.send(ctx, request{method: http.MethodGet, path: path}, out)
}

func (c *client) post(ctx context.Context, path, once string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.send(ctx, request{method: http.MethodPost, path: path, once: once, media: "application/json", body: raw}, out)
}

// send asks until there is an answer: a product that starts or is busy may fail for a moment.
func (c *client) send(ctx context.Context, r request, out any) error {
	for try := 1; ; try++ {
		err := c.try(ctx, r, out)
		if err == nil || refused(err) || ctx.Err() != nil || try == tries {
			return err
		}
		if !pause(ctx, time.Second<<(try-1)/2) {
			return ctx.Err()
		}
	}
}

// grace is how long a request may go on after the end, so that it need not be cut off in the middle.
const grace = time.Second

func (c *client) try(ctx context.Context, r request, out any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := ctx
	ctx, cancel := context.WithCancel(context.WithoutCancel(done))
	defer cancel()
	defer context.AfterFunc(done, func() { time.AfterFunc(grace, cancel) })()
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Accept", "application/json")
	if r.media != "" {
		req.Header.Set("Content-Type", r.media)
	}
	if r.once != "" {
		req.Header.Set("Idempotency-Key", r.once)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= 400:
		return problem(r, resp.StatusCode, raw)
	case out == nil || len(raw) == 0:
		return nil
	}
	return json.Unmarshal(raw, out)
}

func problem(r request, status int, raw []byte) error {
	var p struct{ Code string }
	_ = json.Unmarshal(raw, &p)
	if status >= 500 {
		return fmt.Errorf("%s %s: %d %s", r.method, r.path, status, p.Code)
	}
	return &refusal{r.method, r.path, status, p.Code}
}

// list is every item of a list, page by page.
func list[T any](ctx context.Context, c *client, path string) ([]T, error) {
	var all []T
	for cursor := ""; ; {
		var page struct {
			Items      []T    `json:"items"`
			NextCursor string `json:"next_cursor"`
		}
		if err := c.get(ctx, path+"limit=200&cursor="+cursor, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return all, nil
		}
	}
}

// pause waits; false: the end came first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
