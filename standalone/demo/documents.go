package demo

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/leadflow-dev/leadflow/document"
)

//go:embed policy.yaml
var policyText string

var (
	days    = regexp.MustCompile(`\b(wait|timeout|half_life|within): (\d+)d\b`)
	heading = regexp.MustCompile(`^(#.*\n)+`)
	window  = regexp.MustCompile(`(?m)^window: .*\n`)
)

// model is the one Leadflow starts with, with hours for days: a score can be seen to cool.
func model() string {
	return "# The model of the demo: the one Leadflow starts with, with hours for days.\n" + shorter(string(document.DefaultModel), time.Hour)
}

// sequence is the one Leadflow starts with, in twelve minutes and at any time of the day.
func (o Options) sequence() string {
	text := window.ReplaceAllString(shorter(string(document.DefaultSequence), o.paced(20*time.Second)), "")
	text = strings.Replace(text, "name: welcome\n", "name: demo\n", 1)
	return "# The sequence of the demo: the one Leadflow starts with, with seconds for days and at any time.\n" + text
}

func shorter(doc string, day time.Duration) string {
	return days.ReplaceAllStringFunc(heading.ReplaceAllString(doc, ""), func(found string) string {
		part := days.FindStringSubmatch(found)
		n, _ := strconv.Atoi(part[2])
		return part[1] + ": " + (time.Duration(n) * day).String()
	})
}

// policy is the rules of a life with minutes for days.
func (o Options) policy() (string, error) {
	t, err := template.New("policy").Delims("[[", "]]").Funcs(template.FuncMap{"span": func(text string) (string, error) {
		d, err := time.ParseDuration(text)
		return o.paced(d).String(), err
	}}).Parse(policyText)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, nil)
	return b.String(), err
}
