package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
)

// imports imports a file and waits until each of its leads has a run, against starting bare workflows.
func imports(ctx context.Context, b *bench) ([]measure.Result, error) {
	h, err := b.newHouse(ctx, rest)
	if err != nil {
		return nil, err
	}
	defer h.close()
	w, err := newBare(h.temporal)
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	n := b.size(3000, 100)
	ours := measure.Side{Name: fmt.Sprintf("import of %d rows", n), Unit: "starts/s", Measure: timed(h, func(ctx context.Context, pair int) (int, error) {
		return n, h.importFile(ctx, fmt.Sprintf("import%d", pair), n)
	})}
	bare := measure.Side{Name: fmt.Sprintf("%d bare starts, 8 at once", n), Unit: "starts/s", Measure: timed(h, func(ctx context.Context, pair int) (int, error) {
		g, within := errgroup.WithContext(ctx)
		g.SetLimit(8) // as many as the relay has
		for i := range n {
			g.Go(func() error {
				_, err := startBare(within, h.temporal, fmt.Sprintf("idle/%d/%d", pair, i), idle)
				return err
			})
		}
		return n, g.Wait()
	})}
	samples, err := b.inTurn(ctx, b.pairs, ours, bare)
	if err != nil {
		return nil, err
	}
	r := measure.Compare("import", "from the upload until every row is a lead and every lead has its run, which begins its work meanwhile, as the bare workflow (a selector and a timer) does",
		measure.AtLeast(0.8), ours, bare, samples[0], samples[1])
	return []measure.Result{r}, nil
}

// timed measures how long something takes, as often as it is asked.
func timed(h *house, what func(ctx context.Context, pair int) (int, error)) func(context.Context) (measure.Sample, error) {
	pair := 0
	return func(ctx context.Context) (measure.Sample, error) {
		if err := h.rig.Settle(ctx); err != nil {
			return measure.Sample{}, err
		}
		pair++
		used, began := h.rig.CPU(), time.Now()
		n, err := what(ctx, pair)
		return measure.Sample{Units: float64(n), Seconds: time.Since(began).Seconds(), CPU: load.Less(h.rig.CPU(), used)}.Rate(), err
	}
}

// importFile uploads rows and waits until all are leads whose runs have begun.
func (h *house) importFile(ctx context.Context, prefix string, rows int) error {
	var file strings.Builder
	file.WriteString("Email,First,Title,Company\n")
	for i := range rows {
		fmt.Fprintf(&file, "%s-%d@person.example,Ada,Marketing Manager,Bench GmbH\n", prefix, i)
	}
	id, err := h.upload(ctx, file.String(), "email: Email\nprofile: {first_name: First, title: Title, company: Company}\n")
	if err != nil {
		return err
	}
	for {
		imp, err := h.product.Call(ctx, "GET", "/v1/imports/"+id, nil)
		if err != nil {
			return err
		}
		switch imp["state"] {
		case "failed":
			return fmt.Errorf("the import failed: %v", imp["error"])
		case "done":
			if made := imp["created"]; made != float64(rows) {
				return fmt.Errorf("%v leads were made of %d rows", made, rows)
			}
			return h.told(ctx)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond): // each look counts what waits
		}
	}
}

func (h *house) upload(ctx context.Context, file, mapping string) (id string, err error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, p := range []struct{ name, file, text string }{{"mapping", "mapping.yaml", mapping}, {"file", "rows.csv", file}} {
		w, err := form.CreateFormFile(p.name, p.file)
		if err != nil {
			return "", err
		}
		if _, err := io.WriteString(w, p.text); err != nil {
			return "", err
		}
	}
	if err := form.Close(); err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.product.URL+"/v1/imports", &body)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+h.product.Key)
	req.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusAccepted {
		return "", fmt.Errorf("POST /v1/imports answered %d: %.300s", resp.StatusCode, raw)
	}
	var imp struct{ ID string }
	return imp.ID, json.Unmarshal(raw, &imp)
}
