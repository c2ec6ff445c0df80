package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Object is a JSON object of the API.
type Object = map[string]any

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128, MaxIdleConns: 256}}

// Call sends a request to the product and reads the answer; an error for any status above 299.
func (p *Product) Call(ctx context.Context, method, path string, body any) (Object, error) {
	return Call(ctx, p.URL, p.Key, method, path, body)
}

// Call sends a request with a key.
func Call(ctx context.Context, url, key, method, path string, body any) (Object, error) {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, url+path, in)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode > 299 {
		return nil, fmt.Errorf("%s %s answered %d: %.500s", method, path, resp.StatusCode, raw)
	}
	out := Object{}
	if len(raw) > 0 {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}
