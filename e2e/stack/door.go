package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// Door is the API as somebody with a key uses it. It is safe for concurrent use.
type Door struct {
	URL, Key string
	HTTP     *http.Client // nil: http.DefaultClient
}

// Object is a JSON object.
type Object = map[string]any

// Refusal is an answer with another status than was wanted.
type Refusal struct {
	Status int
	Body   string
	what   string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %d %s", r.what, r.Status, r.Body) }

// Door is the door of this process, with its development key.
func (s *Stack) Door() Door { return Door{URL: s.Env["LEADFLOW_URL"], Key: s.Env["LEADFLOW_API_KEY"]} }

// Call sends a body as JSON (nil: none) and reads the answer into out (nil: nowhere). Any status of 300 or above is a
// *Refusal.
func (d Door) Call(ctx context.Context, method, path string, body, out any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	return d.Send(ctx, method, path, "application/json", raw, out)
}

// Send is Call with a body that is ready.
func (d Door) Send(ctx context.Context, method, path, media string, body []byte, out any) error {
	raw, err := d.read(ctx, method, path, media, body)
	if err != nil || out == nil || len(raw) == 0 {
		return err
	}
	return json.Unmarshal(raw, out)
}

func (d Door) read(ctx context.Context, method, path, media string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+d.Key)
	req.Header.Set("Content-Type", media)
	client := d.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = &Refusal{resp.StatusCode, string(raw), method + " " + path}
	}
	return raw, err
}

// Rules publishes a model and a sequence and makes a policy the one in force. Empty ones are left as they are.
func (d Door) Rules(ctx context.Context, model, sequence, policy string) error {
	var made struct {
		Version int
		Name    string
	}
	if model != "" {
		if err := d.Call(ctx, "POST", "/v1/models", Object{"source": model}, &made); err != nil {
			return err
		}
		if err := d.Call(ctx, "POST", fmt.Sprintf("/v1/models/%d/publish", made.Version), Object{}, nil); err != nil {
			return err
		}
	}
	if sequence != "" {
		if err := d.Call(ctx, "POST", "/v1/sequences", Object{"source": sequence, "default": true}, &made); err != nil {
			return err
		}
		if err := d.Call(ctx, "POST", fmt.Sprintf("/v1/sequences/%s/%d/publish", made.Name, made.Version), Object{}, nil); err != nil {
			return err
		}
	}
	if policy == "" {
		return nil
	}
	return d.Call(ctx, "POST", "/v1/policies", Object{"source": policy, "active": true}, nil)
}

// Reps hires people into one team and answers their ids.
func (d Door) Reps(ctx context.Context, team string, names ...string) ([]string, error) {
	var made struct{ ID string }
	if err := d.Call(ctx, "POST", "/v1/teams", Object{"name": team}, &made); err != nil {
		return nil, err
	}
	teamID, ids := made.ID, []string{}
	for _, name := range names {
		rep := Object{"name": name, "email": name + "@sales.example", "team_id": teamID}
		if err := d.Call(ctx, "POST", "/v1/reps", rep, &made); err != nil {
			return nil, err
		}
		ids = append(ids, made.ID)
	}
	return slices.Clip(ids), nil
}

// Text reads an answer that is no JSON.
func (d Door) Text(ctx context.Context, path string) (string, error) {
	raw, err := d.read(ctx, http.MethodGet, path, "", nil)
	return string(raw), err
}
