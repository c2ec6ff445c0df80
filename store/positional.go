package store

import (
	"context"
	"regexp"
	"sync"

	"github.com/jackc/pgx/v5"
)

// positional is a statement with its arguments by number.
type positional struct {
	sql   string
	names []string // of $1, $2 ...
}

func (p *positional) arguments(named pgx.NamedArgs) []any {
	out := make([]any, len(p.names))
	for i, name := range p.names {
		out[i] = named[name]
	}
	return out
}

var (
	positionals   sync.Map // statements are constants, so there is an end to them
	argumentNames = regexp.MustCompile(`@(\w+)`)
)

// positionalOf has pgx number the arguments, each of which is its own name.
func positionalOf(sql string) (*positional, error) {
	if known, ok := positionals.Load(sql); ok {
		return known.(*positional), nil
	}
	names := pgx.NamedArgs{}
	for _, name := range argumentNames.FindAllStringSubmatch(sql, -1) {
		names[name[1]] = name[1]
	}
	text, arguments, err := names.RewriteQuery(context.Background(), nil, sql, nil)
	if err != nil {
		return nil, err
	}
	p := &positional{sql: text}
	for _, a := range arguments {
		name, _ := a.(string)
		p.names = append(p.names, name)
	}
	positionals.Store(sql, p)
	return p, nil
}
