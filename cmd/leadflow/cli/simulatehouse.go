package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/simulate"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// theHouse reads what lives are played from out of the API: documents that are kept there, and sales as they are. What was read once is not read again.
type theHouse struct {
	ctx       context.Context
	t         *tool
	office    *simulate.Office
	sequences []record.Sequence
}

// kept reports whether a value names a document of the house: it has the form of a name, and is no file that is here.
func kept(value string, form *regexp.Regexp) bool {
	if value == "-" || filepath.Ext(value) != "" || strings.ContainsAny(value, `/\`) || !form.MatchString(value) {
		return false
	}
	_, err := os.Stat(value)
	return err != nil
}

var (
	versionForm  = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)
	sequenceForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}(@[1-9][0-9]{0,8})?$`)
	policyForm   = regexp.MustCompile(`^.{1,200}$`)
)

// items is all of a list.
func items[T any](h *theHouse, path string) ([]T, error) {
	query, out := url.Values{"limit": {strconv.Itoa(pageSize)}}, []T(nil)
	for {
		p, page, _, err := list[T]{path: path}.page(h.ctx, h.t, query)
		if err != nil {
			return nil, err
		}
		if out = append(out, page...); p.Next == "" {
			return out, nil
		}
		query.Set("cursor", p.Next)
	}
}

func one[T any](h *theHouse, path string) (T, error) {
	var none T
	got, err := h.t.call(h.ctx, http.MethodGet, path, nil)
	if err != nil {
		return none, err
	}
	return decode[T](got.body)
}

// stored reads the document of a record.
func stored[T any](raw json.RawMessage) (doc T, err error) {
	if err = json.Unmarshal(raw, &doc); err != nil {
		err = unreadable(err)
	}
	return doc, err
}

// model is a version, or the published one where none is named; without one there is no model.
func (h *theHouse) model(version string) (doc scoring.Model, there bool, err error) {
	if version == "" {
		all, err := items[record.Model](h, "/v1/models")
		if err != nil {
			return doc, false, err
		}
		i := slices.IndexFunc(all, func(m record.Model) bool { return m.State == "published" })
		if i < 0 {
			return doc, false, nil
		}
		version = strconv.Itoa(all[i].Version)
	}
	m, err := one[record.Model](h, "/v1/models/"+url.PathEscape(version))
	if err != nil {
		return doc, false, err
	}
	doc, err = stored[scoring.Model](m.Document)
	return doc, true, err
}

// policy is the one of a name or an id, or the active one.
func (h *theHouse) policy(name string) (doc lifecycle.Policy, there bool, err error) {
	all, err := items[record.Policy](h, "/v1/policies")
	if err != nil {
		return doc, false, err
	}
	var names []string
	for _, p := range all {
		if name == "" && p.Active || name != "" && (p.Name == name || p.ID == name) {
			if doc, err = stored[lifecycle.Policy](p.Document); err != nil {
				return doc, false, err
			}
			own, err := h.reasons()
			return doc.With(own), true, err
		}
		names = append(names, strconv.Quote(p.Name))
	}
	if name == "" {
		return doc, false, nil
	}
	return doc, false, misused(fmt.Sprintf("--policy %s is neither a file nor a policy of the house", name), "it has "+strings.Join(names, ", "))
}

// reasons are those that the house has added to what policies know.
func (h *theHouse) reasons() (lifecycle.Vocabulary, error) {
	all, err := items[record.Reason](h, "/v1/reasons")
	if err != nil {
		return nil, err
	}
	out := lifecycle.Vocabulary{}
	for _, r := range all {
		if r.Origin != "house" {
			continue
		}
		if out[r.Kind] == nil {
			out[r.Kind] = map[string]lifecycle.Reason{}
		}
		rule := lifecycle.Reason{Path: lifecycle.Path(r.Path), Sequence: r.Sequence, Score: lifecycle.ScorePolicy(r.Score), Title: r.Title, Retired: r.Retired}
		if r.CoolDown != "" {
			if rule.CoolDown, err = span.Parse(r.CoolDown); err != nil {
				return nil, unreadable(err)
			}
		}
		out[r.Kind][r.Code] = rule
	}
	return out, nil
}

// route is a version, or the published one, with names in the place of ids.
func (h *theHouse) route(version string) (doc routing.Document, there bool, err error) {
	var r record.Route
	if version != "" {
		if r, err = one[record.Route](h, "/v1/routes/"+url.PathEscape(version)); err != nil {
			return doc, false, err
		}
	} else {
		all, err := items[record.Route](h, "/v1/routes")
		if err != nil {
			return doc, false, err
		}
		i := slices.IndexFunc(all, func(r record.Route) bool { return r.State == "published" })
		if i < 0 {
			return doc, false, nil
		}
		r = all[i]
	}
	if doc, err = stored[routing.Document](r.Document); err != nil {
		return doc, false, err
	}
	o, err := h.sales()
	return o.Names(doc), true, err
}

// sequence is name@version, or the published version of a name.
func (h *theHouse) sequence(value string) (doc sequence.Sequence, err error) {
	name, version, dated := strings.Cut(value, "@")
	if !dated {
		all, err := h.published()
		if err != nil {
			return doc, err
		}
		i := slices.IndexFunc(all, func(s record.Sequence) bool { return s.Name == name })
		if i < 0 {
			return doc, misused(fmt.Sprintf("--sequence %s is neither a file nor a sequence of which a version is published", value), "leadflow sequence list shows them; name a draft as "+name+"@VERSION")
		}
		version = strconv.Itoa(all[i].Version)
	}
	s, err := one[record.Sequence](h, "/v1/sequences/"+url.PathEscape(name)+"/"+url.PathEscape(version))
	if err != nil {
		return doc, err
	}
	return stored[sequence.Sequence](s.Document)
}

// published are the sequences that leads enter, that of new leads first.
func (h *theHouse) published() ([]record.Sequence, error) {
	if h.sequences == nil {
		all, err := items[record.Sequence](h, "/v1/sequences")
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(s record.Sequence) bool { return s.State != "published" })
		slices.SortStableFunc(all, func(a, b record.Sequence) int {
			switch {
			case a.Default == b.Default:
				return strings.Compare(a.Name, b.Name)
			case a.Default:
				return -1
			}
			return 1
		})
		h.sequences = append([]record.Sequence{}, all...)
	}
	return h.sequences, nil
}

// sales are the reps, teams and calendars as they are now, with the days beside calendars.
func (h *theHouse) sales() (simulate.Office, error) {
	if h.office != nil {
		return *h.office, nil
	}
	reps, err := items[record.Rep](h, "/v1/reps")
	if err != nil {
		return simulate.Office{}, err
	}
	teams, err := items[record.Team](h, "/v1/teams")
	if err != nil {
		return simulate.Office{}, err
	}
	calendars, err := items[record.Calendar](h, "/v1/calendars")
	if err != nil {
		return simulate.Office{}, err
	}
	for i, c := range calendars {
		days, err := items[record.CalendarDay](h, "/v1/calendars/"+url.PathEscape(c.ID)+"/days")
		if err != nil {
			return simulate.Office{}, err
		}
		var exceptions []calendar.Exception
		for _, d := range days {
			exceptions = append(exceptions, d.Exception)
		}
		calendars[i].Spec = c.Spec.With(exceptions)
	}
	o := simulate.NewOffice(reps, teams, calendars, func(r record.Rep, _ int) string { return r.Name })
	h.office = &o
	return o, nil
}
