package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// fields is the body of a request: what is not in it stays as it is.
type fields map[string]any

// put adds a text that was given.
func (f fields) put(name, value string) {
	if value != "" {
		f[name] = value
	}
}

// ask sends one request and shows what came of it.
func ask[T any](ctx context.Context, t *tool, method, path string, body any, columns []column[T]) error {
	got, err := t.call(ctx, method, path, body)
	if err != nil {
		return err
	}
	if got.status == http.StatusAccepted && method == http.MethodPost {
		if d, err := decode[record.Decision](got.body); err == nil && d.State == "pending" {
			return t.pending(got.body)
		}
	}
	return show(t, got.body, columns)
}

// pending shows a decision that is stored but has not reached the lead's run.
func (t *tool) pending(body []byte) error {
	t.tell("The decision is stored and waits: Temporal or its workers did not answer in time.")
	t.tell("It is sent again until it is answered; nothing needs to be done. `leadflow lead get` shows when it took effect.")
	return show(t, body, []column[record.Decision]{
		{"decision_id", func(d record.Decision) any { return d.ID }},
		{"state", func(d record.Decision) any { return d.State }},
	})
}

// confirm asks on the terminal. Where nobody can be asked, the answer has to be given beforehand.
func (t *tool) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if width(t.In) == 0 {
		return misused("this cannot be taken back, and nobody can be asked here", "repeat it with --yes")
	}
	fmt.Fprint(t.Err, plain(question)+" [y/N] ")
	line, err := bufio.NewReader(t.In).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); err == nil && (answer == "y" || answer == "yes") {
		return nil
	}
	return &failure{what: "nothing was done", why: "it was not confirmed", code: ExitFailure}
}

// keyValues reads KEY=VALUE. What reads as a JSON number, true, false or null is that, except where text says otherwise.
func keyValues(flag string, pairs []string, numbers func(key string) bool) (map[string]any, error) {
	out := map[string]any{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, misused(fmt.Sprintf("--%s is given as KEY=VALUE", flag), "for example --"+flag+" company=Acme")
		}
		var v any = value
		if n := json.Number(value); numbers(key) {
			if _, err := n.Float64(); err == nil {
				v = n
			}
		}
		out[key] = v
	}
	return out, nil
}
