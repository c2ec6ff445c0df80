package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// list is a command that shows a list of the API.
type list[T any] struct {
	short, example string
	path           string
	filters        []filter
	columns        []column[T]
}

// filter is a flag that goes into the query under the same name, dashes as underscores.
type filter struct{ flag, param, help string }

// pageSize is asked for when everything is wanted: the most the API gives at once.
const pageSize = 200

// listCommand builds it.
func listCommand[T any](t *tool, l list[T]) *cobra.Command {
	return l.command(t, "list", cobra.NoArgs, func([]string) string { return l.path })
}

// command builds it under another name, with arguments that are part of the path.
func (l list[T]) command(t *tool, use string, args cobra.PositionalArgs, path func(args []string) string) *cobra.Command {
	var limit int
	var all bool
	var cursor string
	values := make([]string, len(l.filters))
	cmd := &cobra.Command{Use: use, Short: l.short, Example: l.example, Args: args}
	for i, f := range l.filters {
		cmd.Flags().StringVar(&values[i], f.flag, "", f.help)
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "how many at most, 1 to 200")
	cmd.Flags().BoolVar(&all, "all", false, "everything, page after page")
	cmd.Flags().StringVar(&cursor, "cursor", "", "begin after this cursor, which an earlier page gave")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		l := l
		l.path = path(args)
		if limit < 1 || limit > pageSize {
			return misused("--limit is 1 to 200", "take --all for everything")
		}
		query := url.Values{"limit": {strconv.Itoa(limit)}}
		if all {
			query.Set("limit", strconv.Itoa(pageSize))
		}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		put(query, l.filters, values)
		if all {
			return l.everything(ctx, t, query)
		}
		return l.one(ctx, t, query)
	})
	return cmd
}

type page struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next_cursor"`
}

func (l list[T]) page(ctx context.Context, t *tool, query url.Values) (page, []T, []byte, error) {
	got, err := t.call(ctx, http.MethodGet, l.path+"?"+query.Encode(), nil)
	if err != nil {
		return page{}, nil, nil, err
	}
	p, err := decode[page](got.body)
	if err != nil {
		return p, nil, nil, err
	}
	items := make([]T, len(p.Items))
	for i, raw := range p.Items {
		if items[i], err = decode[T](raw); err != nil {
			return p, nil, nil, err
		}
	}
	return p, items, got.body, nil
}

// one shows a single page and says when there is more.
func (l list[T]) one(ctx context.Context, t *tool, query url.Values) error {
	p, items, body, err := l.page(ctx, t, query)
	if err != nil {
		return err
	}
	if err := showAll(t, body, items, l.columns); err != nil {
		return err
	}
	if p.Next != "" && t.format != formatJSON {
		t.tell("There is more: --all, or --cursor %s", p.Next)
	}
	return nil
}

// everything follows next_cursor to the end. What can be written page by page is.
func (l list[T]) everything(ctx context.Context, t *tool, query url.Values) error {
	var rows [][]string
	out := &jsonList{w: t.Out}
	if t.format == formatCSV {
		if err := t.writeCSV([][]string{names(l.columns)}); err != nil {
			return err
		}
	}
	for {
		p, items, _, err := l.page(ctx, t, query)
		if err != nil {
			return err
		}
		switch t.format {
		case formatJSON:
			err = out.page(p.Items)
		case formatCSV:
			err = t.writeCSV(rowsOf(l.columns, items, time.Time{}))
		default:
			rows = append(rows, rowsOf(l.columns, items, t.now())...)
		}
		if err != nil {
			return err
		}
		if p.Next == "" || p.Next == query.Get("cursor") {
			break
		}
		query.Set("cursor", p.Next)
	}
	switch t.format {
	case formatJSON:
		return out.end()
	case formatTable:
		t.render(names(l.columns), len(rows), func(i int) []string { return rows[i] })
	}
	return nil
}

func rowsOf[T any](columns []column[T], items []T, now time.Time) [][]string {
	rows := make([][]string, len(items))
	for i, v := range items {
		rows[i] = cells(columns, v, now)
	}
	return rows
}
