package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

const (
	maxCosts   = 10_000
	costsLimit = 4 << 20
)

// costsTaken is what became of a list.
type costsTaken struct {
	Added    int                 `json:"added"`
	Known    int                 `json:"known" doc:"said before of the same days and currency, and replaced"`
	Rejected int                 `json:"rejected"`
	Errors   []intake.RefusedRow `json:"errors" nullable:"false" doc:"the first thousand; the first line is row 1"`
}

func (a *API) setCosts(ctx context.Context, _ *struct{}) (*out[costsTaken], error) {
	raw, err := bodyOf(ctx).bytes()
	if err != nil {
		return nil, err
	}
	costs, refused, err := readCosts(raw)
	if err != nil {
		return nil, problem(http.StatusBadRequest, "invalid_body", "the list cannot be read: "+err.Error())
	}
	if len(costs)+len(refused) > maxCosts {
		return nil, problem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("a list has %d rows at most; send it in parts", maxCosts))
	}
	added, err := a.Reports.SetCosts(ctx, costs)
	if err != nil {
		return nil, err
	}
	return &out[costsTaken]{costsTaken{
		Added: added, Known: len(costs) - added, Rejected: len(refused), Errors: append([]intake.RefusedRow{}, refused[:min(len(refused), maxRefusedRows)]...),
	}}, nil
}

// readCosts reads CSV with a header. A day that is left out is the first: a cost of one day.
func readCosts(raw []byte) (costs []record.Cost, refused []intake.RefusedRow, err error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	r := csv.NewReader(bytes.NewReader(raw))
	r.FieldsPerRecord = -1
	if first, _, _ := bytes.Cut(raw, []byte("\n")); bytes.ContainsRune(first, ';') && !bytes.ContainsRune(first, ',') {
		r.Comma = ';'
	}
	header, err := r.Read()
	for i := range header {
		header[i] = strings.ToLower(strings.TrimSpace(header[i]))
	}
	for _, column := range []string{"source", "from", "amount", "currency"} {
		if err != nil || !utf8.Valid(raw) || !slices.Contains(header, column) {
			return nil, nil, errors.New("it is no CSV in UTF-8 with columns source, from, amount and currency")
		}
	}
	for len(costs)+len(refused) <= maxCosts {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, errors.New("its quotes are not closed")
		}
		line, _ := r.FieldPos(0)
		cost, wrong := costOfRow(header, cells).cost()
		if len(wrong) == 0 {
			costs = append(costs, cost)
			continue
		}
		refused = append(refused, intake.RefusedRow{Row: line, Field: wrong[0].Field, Code: wrong[0].Code, Detail: wrong[0].Detail})
	}
	return costs, refused, nil
}

func costOfRow(header, cells []string) costBody {
	said := map[string]string{}
	for i, cell := range cells[:min(len(cells), len(header))] {
		said[header[i]] = strings.TrimSpace(cell)
	}
	if said["to"] == "" {
		said["to"] = said["from"]
	}
	amount, _ := json.Marshal(said["amount"]) // a text always can be
	return costBody{
		Source: said["source"], Campaign: said["campaign"], From: said["from"], To: said["to"], Amount: amount, Currency: said["currency"], Note: said["note"],
	}
}
