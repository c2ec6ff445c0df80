package document

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// Kind is what a document describes.
type Kind string

// The kinds of document.
const (
	KindModel    Kind = "model"
	KindSequence Kind = "sequence"
	KindPolicy   Kind = "policy"
	KindRouting  Kind = "route"

	KindBehaviour Kind = "behaviour" // what people do in a simulation
)

// Kinds lists every kind of document.
var Kinds = []Kind{KindModel, KindSequence, KindPolicy, KindRouting, KindBehaviour}

// MaxSize is the size of the largest document that is read, in bytes.
const MaxSize = 256 << 10

// ParseSequence reads a nurture sequence. The error is an *Error. What the rulebook cannot know, such as whether a template
// can be rendered, the caller's own checks add.
func ParseSequence(data []byte, also ...func(sequence.Sequence) []sequence.Problem) (sequence.Sequence, error) {
	return parse(KindSequence, data, func(s sequence.Sequence) []Problem {
		problems := s.Validate()
		for _, check := range also {
			problems = append(problems, check(s)...)
		}
		return placed(problems, func(p sequence.Problem) (string, string) { return p.Path, p.Message })
	})
}

// ParsePolicy reads a policy. The error is an *Error.
func ParsePolicy(data []byte) (lifecycle.Policy, error) {
	return parse(KindPolicy, data, checkPolicy)
}

// parse reads a document of any kind and lets the rulebook judge what was read.
func parse[T any](kind Kind, data []byte, judge func(T) []Problem) (T, error) {
	var out, none T
	failed := &Error{Kind: kind}
	root, err := read(data)
	if stop := (*syntax)(nil); errors.As(err, &stop) {
		failed.Problems = []Problem{{Line: stop.at.line, Column: stop.at.column, Message: clip(stop.message)}}
	} else if err != nil {
		failed.Problems = []Problem{{Message: clip(err.Error())}}
	}
	if err == nil {
		d := &decoder{}
		d.into(root, reflect.ValueOf(&out).Elem(), "")
		failed.Problems = d.problems
	}
	if len(failed.Problems) == 0 { // what could not be read would only be told twice
		failed.Problems = judge(out)
		for i, p := range failed.Problems {
			at := root.find(p.Path)
			failed.Problems[i].Line, failed.Problems[i].Column = at.line, at.column
		}
	}
	if len(failed.Problems) == 0 {
		return out, nil
	}
	if len(data) <= MaxSize && utf8.Valid(data) {
		failed.lines = strings.Split(string(data), "\n")
	}
	failed.Problems = sorted(failed.Problems)
	return none, failed
}

// placed turns the problems of a domain package into ours; their places come later.
func placed[P any](problems []P, parts func(P) (path, message string)) []Problem {
	var out []Problem
	for _, p := range problems {
		path, message := parts(p)
		out = append(out, Problem{Path: path, Message: message})
	}
	return out
}

// read turns text into nodes: JSON where it is JSON, else YAML.
func read(data []byte) (*node, error) {
	if len(data) > MaxSize {
		return nil, &syntax{message: "is too large: at most " + strconv.Itoa(MaxSize>>10) + " kB are taken"}
	}
	if !utf8.Valid(data) {
		return nil, &syntax{message: "is not UTF-8: save it in that encoding"}
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if i := strings.IndexByte(text, 0); i >= 0 {
		return nil, &syntax{place{1 + strings.Count(text[:i], "\n"), 1}, "has a NUL character in this line"}
	}
	reader := readYAML
	if json.Valid([]byte(text)) {
		reader = readJSON
	}
	root, err := reader(text)
	if err == nil {
		err = root.storable()
	}
	return root, err
}

// clip keeps messages of the parser short and on one line.
func clip(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	if len(message) > 200 {
		message = strings.ToValidUTF8(message[:200], "") + "..."
	}
	return message
}
