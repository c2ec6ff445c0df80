package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// defaultURL is where `leadflow serve` listens unless it is told otherwise.
const defaultURL = "http://127.0.0.1:8080"

// answerLimit bounds what is read of one answer: far above what the API gives.
const answerLimit = 64 << 20

// client speaks to the API.
type client struct {
	base string // without a slash at the end
	key  string
	http *http.Client
}

// client is made at the first use: the environment file was read by then.
func (t *tool) client() (*client, error) {
	base := t.url
	if base == "" {
		base = os.Getenv("LEADFLOW_URL")
	}
	if base == "" {
		base = defaultURL
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, misused("the address of the API is no URL such as "+defaultURL, "correct LEADFLOW_URL or --url")
	}
	return &client{base: strings.TrimRight(base, "/"), key: os.Getenv("LEADFLOW_API_KEY"), http: &http.Client{Timeout: 60 * time.Second}}, nil
}

// answer is what the API said, with a status below 400.
type answer struct {
	status int
	body   []byte
}

// call sends one request. A body that is no io.Reader is sent as JSON; nil is none.
func (t *tool) call(ctx context.Context, method, path string, body any) (answer, error) {
	c, err := t.client()
	if err != nil {
		return answer{}, err
	}
	var r io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return answer{}, fmt.Errorf("write the request: %w", err)
		}
		r = bytes.NewReader(raw)
	}
	resp, err := c.send(ctx, method, path, "application/json", r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return answer{}, c.unreachable(err)
	}
	return answer{status: resp.StatusCode, body: raw}, nil
}

// send answers the response; its body is the caller's to close. Problems of the API are errors.
func (c *client) send(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("the request: %w", err)
	}
	req.Header.Set("User-Agent", "leadflow-cli")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", rand.Text())
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer resp.Body.Close()
		raw, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
		if err != nil {
			return nil, c.unreachable(err)
		}
		return nil, c.problem(resp.StatusCode, raw)
	}
	return resp, nil
}

// unreachable says why there was no answer.
func (c *client) unreachable(err error) error {
	f := &failure{
		what: "the API gave no answer", why: c.base + ": " + reason(err), code: ExitFailure, cause: err, passing: true,
		next: "start it with `make run` or `leadflow serve`, or say where it is with LEADFLOW_URL, --url or --env-file DATA/leadflow.env",
	}
	if nerr := net.Error(nil); errors.As(err, &nerr) && nerr.Timeout() {
		f.next = "try again; `leadflow doctor` where it runs says what is slow"
	}
	return f
}

// reason is an error of the network without the request it belongs to: URLs may carry what people searched for.
func reason(err error) string {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}
