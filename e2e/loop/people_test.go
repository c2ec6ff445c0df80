package loop

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The real file, beside the repository and never in it.
const (
	leadsFile    = "../../../shared/data/xeducation/Leads.csv"
	leadsMapping = "../../docs/examples/xeducation-mapping.yaml"
)

const model = `
mql: {score: 60}
personas:
  professional: {all: [{field: custom.occupation, equals: Working Professional}]}
  student: {any: [{field: custom.occupation, one_of: [Student, Housewife]}]}
fit:
  - {id: professional, persona: professional, points: 25}
  - {id: unknown_occupation, field: custom.occupation, missing: true, points: -15}
  - {id: specialization, field: custom.specialization, present: true, points: 5}
  - {id: hours_on_site, field: custom.seconds_on_site, range: [1000, 100000], points: 35}
  - {id: minutes_on_site, field: custom.seconds_on_site, range: [300, 999], points: 15}
  - {id: interview_guide, field: custom.wants_interview_guide, equals: true, points: 20, monotone: true}
engagement:
  - {id: visits, on: page_view, where: [{field: path, prefix: /course}], points: 2, cap: 20}
  - {id: message, on: custom, where: [{field: activity, equals: SMS Sent}], count: 1, points: 5}
  - {id: chat, on: chat, count: 1, points: 10, monotone: true}
  - {id: downloads, on: content_download, points: 4}
  - {id: pricing, on: page_view, where: [{field: path, equals: /pricing}], count: 1, points: 20}
triggers: [demo_request]
`

// rule is one of the model.
type rule struct {
	id     string
	points float64
	limit  float64 // of a rule that counts each event; 0: once
	events func(person) int
}

// The points of the model in the order of its rules, said in other words; each of an event is by how many there are.
var rules = []rule{
	{"professional", 25, 0, func(p person) int { return is(p.row["What is your current occupation"] == "Working Professional") }},
	{"unknown_occupation", -15, 0, func(p person) int { return is(p.row["What is your current occupation"] == "") }},
	{"specialization", 5, 0, func(p person) int { return is(p.row["Specialization"] != "") }},
	{"hours_on_site", 35, 0, func(p person) int { return is(p.seconds() >= 1000) }},
	{"minutes_on_site", 15, 0, func(p person) int { return is(p.seconds() >= 300 && p.seconds() < 1000) }},
	{"interview_guide", 20, 0, func(p person) int { return is(p.row["A free copy of Mastering The Interview"] == "Yes") }},
	{"visits", 2, 20, func(p person) int { return p.visits }},
	{"message", 5, 0, func(p person) int { return p.messages }},
	{"chat", 10, 0, func(p person) int { return p.chats }},
	{"downloads", 4, 1e6, func(p person) int { return p.downloads }},
	{"pricing", 20, 0, func(p person) int { return p.prices }},
}

func ruleOf(id string) int { return slices.IndexFunc(rules, func(r rule) bool { return r.id == id }) }

func is(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// person is somebody of the file, or a planted one.
type person struct {
	key    string // of the file
	id     string // of the product
	row    map[string]string
	won    bool
	played bool // sales decided; the others are open

	visits, messages, chats, downloads, prices int
}

func (p person) number(column string) float64 {
	n, err := strconv.ParseFloat(p.row[column], 64)
	if err != nil {
		return -1
	}
	return n
}

func (p person) seconds() float64 { return p.number("Total Time Spent on Website") }

// gives is what a rule of so many points gives, by hand.
func (p person) gives(rule int, points float64) float64 {
	r := rules[rule]
	n := float64(r.events(p))
	if r.limit == 0 {
		return points * min(n, 1)
	}
	if most := math.Round(r.limit / r.points * points); points < 0 {
		return max(points*n, most)
	} else {
		return min(points*n, most)
	}
}

// score is that of all rules, by hand.
func (p person) score(points []float64) (sum float64) {
	for r := range rules {
		sum += p.gives(r, points[r])
	}
	return sum
}

// content is what somebody has downloaded.
func (p person) content() (out []string) {
	for n := range min(2, p.downloads) {
		out = append(out, fmt.Sprintf("guide-%d", n))
	}
	return out
}

// every is which rows are taken.
func every(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv("LEADFLOW_LOOP_EVERY"), "37"))
	require.NoError(t, err)
	require.Positive(t, n)
	return n
}

// people are those who are taken, and the file of them; rest are the other rows of the real file.
func people(t *testing.T) (all, rest []person, file string) {
	t.Helper()
	raw, err := os.ReadFile(leadsFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here; it is not part of the repository", leadsFile)
	}
	require.NoError(t, err)
	cells, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	require.NoError(t, err)
	require.Len(t, cells, 1+9240)
	names, taken := cells[0], [][]string{cells[0]}
	for i, line := range cells[1:] {
		p := person{row: map[string]string{}}
		for n, name := range names {
			if line[n] != "Select" {
				p.row[name] = line[n]
			}
		}
		p.key, p.won = p.row["Prospect ID"], p.row["Converted"] == "1"
		p.visits = int(max(0, min(12, p.number("TotalVisits"))))
		p.messages, p.chats = is(p.row["Last Activity"] == "SMS Sent"), is(p.row["Last Activity"] == "Olark Chat Conversation")
		p.downloads = int(max(0, p.number("Page Views Per Visit"))) % 3
		p.prices = is(p.row["Lead Origin"] == "Landing Page Submission" && p.visits >= 3)
		if i%every(t) != 0 {
			rest = append(rest, p)
			continue
		}
		p.played = len(all)%3 != 2
		all, taken = append(all, p), append(taken, line)
	}
	for i := range 70 + 40 {
		p := person{key: fmt.Sprintf("planted-%d", i), row: map[string]string{"What is your current occupation": "Unemployed"}, played: i%10 != 9, downloads: 5 + i%4}
		if p.won = i%30 == 0; i >= 70 {
			p.prices, p.won = 1, i%5 < 2
		}
		line := make([]string, len(names))
		line[slices.Index(names, "Prospect ID")], line[slices.Index(names, "What is your current occupation")] = p.key, "Unemployed"
		all, taken = append(all, p), append(taken, line)
	}
	file = filepath.Join(t.TempDir(), "leads.csv")
	f, err := os.Create(file)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, csv.NewWriter(f).WriteAll(taken))
	return all, rest, file
}
