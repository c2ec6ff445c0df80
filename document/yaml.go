package document

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxTokens bounds what the parser is given: its time grows with the square of the keys of one group.
const maxTokens = 40_000

// readYAML turns YAML text into nodes. Keys that occur twice are kept, for the decoder to name.
func readYAML(text string) (*node, error) {
	tokens := lexer.Tokenize(text)
	if err := bounded(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, yamlSyntax(err)
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			return nil, &syntax{placeOf(doc.Body), "begins a second document: write one document to a file"}
		}
		body = doc.Body
	}
	if body == nil {
		return nil, &syntax{place{1, 1}, "is empty"}
	}
	return convert(body, 0)
}

// bounded refuses what would keep the parser busy: too much, or too deep on one line.
func bounded(tokens token.Tokens) error {
	depth, line, dashes := 0, 0, 0
	for i, t := range tokens {
		at := place{t.Position.Line, t.Position.Column}
		if t.Position.Line != line {
			line, dashes = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType:
			dashes++
		}
		if i > maxTokens {
			return &syntax{at, fmt.Sprintf("is too much: a document has at most %d keys and values", maxTokens/3)}
		}
		if depth > maxDepth || dashes > maxDepth {
			return tooDeep(at)
		}
	}
	return nil
}

func yamlSyntax(err error) error {
	s := &syntax{message: "is no YAML: " + err.Error()}
	if told := yaml.Error(nil); errors.As(err, &told) {
		s.message = "is no YAML: " + told.GetMessage()
		if t := told.GetToken(); t != nil && t.Position != nil {
			s.at = place{t.Position.Line, t.Position.Column}
		}
	}
	return s
}

func placeOf(n ast.Node) place {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return placeOf(m.Values[0].Key)
	}
	if v, ok := n.(*ast.MappingValueNode); ok {
		return placeOf(v.Key)
	}
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return place{}
	}
	return place{t.Position.Line, t.Position.Column}
}

func convert(n ast.Node, depth int) (*node, error) {
	out := &node{at: placeOf(n)}
	if depth > maxDepth {
		return nil, tooDeep(out.at)
	}
	switch v := n.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		out.shape, out.yes = isBool, v.Value
	case *ast.IntegerNode:
		return out, out.integer(v)
	case *ast.FloatNode:
		out.shape, out.num, out.text = isNumber, v.Value, v.GetToken().Value
		if math.IsInf(v.Value, 0) || math.IsNaN(v.Value) {
			return nil, &syntax{out.at, "is too large for a number"}
		}
	case *ast.StringNode:
		out.shape, out.text = isText, v.Value
	case *ast.LiteralNode:
		out.shape, out.text = isText, v.Value.Value
	case *ast.SequenceNode:
		return out, out.items(v, depth)
	case *ast.MappingNode:
		return out, out.keys(v.Values, depth)
	case *ast.MappingValueNode:
		return out, out.keys([]*ast.MappingValueNode{v}, depth)
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return nil, &syntax{out.at, "is an anchor or alias, which is not taken: write the value out (a text that begins with & or * needs quotes)"}
	case *ast.TagNode:
		return nil, &syntax{out.at, "is a tag, which is not taken (a text that begins with ! needs quotes)"}
	default:
		return nil, &syntax{out.at, "is nothing a document may hold: " + strings.ToLower(n.Type().String())}
	}
	return out, nil
}

func (n *node) integer(v *ast.IntegerNode) error {
	n.shape, n.text = isNumber, v.GetToken().Value
	switch i := v.Value.(type) {
	case int64:
		n.num = float64(i)
	case uint64:
		n.num = float64(i)
	default:
		return &syntax{n.at, "is too large for a number"}
	}
	return nil
}

func (n *node) items(v *ast.SequenceNode, depth int) error {
	n.shape = isList
	for _, item := range v.Values {
		got, err := convert(item, depth+1)
		if err != nil {
			return err
		}
		n.list = append(n.list, got)
	}
	return nil
}

func (n *node) keys(values []*ast.MappingValueNode, depth int) error {
	n.shape = isMap
	for _, v := range values {
		at := placeOf(v.Key)
		if _, merge := v.Key.(*ast.MergeKeyNode); merge {
			return &syntax{at, "is a merge key, which is not taken: write the keys out"}
		}
		if _, plain := v.Key.(ast.ScalarNode); !plain {
			return &syntax{at, "must be a plain key"}
		}
		got, err := convert(v.Value, depth+1)
		if err != nil {
			return err
		}
		if got.shape == isNull {
			got.at = at
		}
		n.pairs = append(n.pairs, pair{v.Key.GetToken().Value, at, got})
	}
	return nil
}
