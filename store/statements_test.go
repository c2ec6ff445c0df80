package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Every statement of this package is prepared against the migrated schema.
func TestEveryStatementPrepares(t *testing.T) {
	statements := statements(t)
	require.NotEmpty(t, statements, "the reader of this test finds no constants")
	conn, err := pgx.Connect(t.Context(), database(t))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	for _, name := range slices.Sorted(maps.Keys(statements)) {
		sql, _, err := pgx.NamedArgs{}.RewriteQuery(t.Context(), conn, statements[name], nil)
		require.NoError(t, err, name)
		_, err = conn.Prepare(t.Context(), name, sql)
		require.NoError(t, err, name)
	}
}

// statements reads the constants named sql… out of the package's own source; + of constants is understood.
func statements(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	exprs := map[string]ast.Expr{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		require.NoError(t, err)
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				for i, n := range v.Names {
					if i < len(v.Values) {
						exprs[n.Name] = v.Values[i]
					}
				}
			}
		}
	}
	out := map[string]string{}
	for name, e := range exprs {
		if strings.HasPrefix(name, "sql") {
			out[name] = text(t, exprs, e)
		}
	}
	return out
}

func text(t *testing.T, consts map[string]ast.Expr, e ast.Expr) string {
	t.Helper()
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		require.NoError(t, err)
		return s
	case *ast.BinaryExpr:
		return text(t, consts, e.X) + text(t, consts, e.Y)
	case *ast.Ident:
		require.Contains(t, consts, e.Name)
		return text(t, consts, consts[e.Name])
	}
	t.Fatalf("a statement is made of constants only, not of %T", e)
	return ""
}
