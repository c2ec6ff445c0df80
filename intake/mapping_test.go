package intake

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestABadMappingIsToldWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct{ doc, field, says string }{
		"unknown key":        {"email: Mail\nprofil: {}\n", "mapping", `line 2, column 1: unknown field "profil"`},
		"wrong type":         {"email: Mail\nmissing: 7\n", "mapping", "line 2, column 10"},
		"broken YAML":        {"email: Mail\nprofile: {city: [\n", "mapping", "line 2"},
		"unknown cell key":   {"email: {column: Mail, colour: red}\n", "mapping", "unknown field \"colour\""},
		"twice":              {"email: Mail\nemail: Post\n", "mapping", "line 2, column 1"},
		"alias":              {"email: &a Mail\nprofile: {city: *a}\n", "mapping", "line 1: anchors, aliases and tags"},
		"tag":                {"email: !!str Mail\n", "mapping", "anchors, aliases and tags"},
		"deep":               {"email: " + strings.Repeat("[", 9) + strings.Repeat("]", 9), "mapping", "line 1: is nested too deeply"},
		"empty":              {" \n", "mapping", "is empty"},
		"not UTF-8":          {"email: \xff\n", "mapping", "UTF-8"},
		"too big":            {"# " + strings.Repeat("x", 65<<10), "mapping", "64 kB"},
		"nobody meant":       {"profile: {city: City}\n", "mapping.email", "somebody must be meant"},
		"no such field":      {"email: Mail\nprofile: {shoe_size: Shoe}\n", "mapping.profile", `"shoe_size" is no field of a profile`},
		"bad custom":         {"email: Mail\nprofile: {custom.a b: Shoe}\n", "mapping.profile", "own fields are custom.<key>"},
		"no such source":     {"email: Mail\nsource: {planet: Mars}\n", "mapping.source.planet", "is no field of a source"},
		"utm is for forms":   {"email: Mail\nsource: {utm_source: Mars}\n", "mapping.source.utm_source", "is no field of a source"},
		"neither nor":        {"email: Mail\nprofile: {city: {default: Bonn}}\n", "mapping.profile.city", "either a column or a value"},
		"both":               {"email: Mail\nprofile: {city: {column: City, value: Bonn}}\n", "mapping.profile.city", "either a column or a value"},
		"number of an own":   {"email: Mail\nprofile: {city: {column: City, type: number}}\n", "mapping.profile.city", "for custom fields only"},
		"values of lists":    {"email: Mail\nprofile: {city: {column: City, values: {a: [b]}}}\n", "mapping.profile.city", "texts, numbers"},
		"delimiter":          {"email: Mail\ndelimiter: ';;'\n", "mapping.delimiter", "one character"},
		"delimiter quote":    {"email: Mail\ndelimiter: '\"'\n", "mapping.delimiter", "one character"},
		"unmapped":           {"email: Mail\nunmapped: guess\n", "mapping.unmapped", "refuse or ignore"},
		"external source":    {"external_id: {source: My CRM, column: Id}\n", "mapping.external_id", "a-z 0-9"},
		"external column":    {"external_id: {source: crm}\n", "mapping.external_id", "needs a column"},
		"consent of nothing": {"email: Mail\nconsent: {column: Ok}\n", "mapping.consent", "grant or refuse"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseMapping([]byte(c.doc))
			require.Contains(t, fields(t, err), c.field)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestEverythingWrongWithAMappingIsToldAtOnce(t *testing.T) {
	_, err := ParseMapping([]byte("delimiter: ab\nunmapped: x\nprofile: {shoe: A, city: {}}\nsource: {planet: B}\n"))
	require.ElementsMatch(t, []string{
		"mapping.delimiter", "mapping.unmapped", "mapping.email", "mapping.source.planet", "mapping.profile", "mapping.profile.city",
	}, fields(t, err))
}

func TestAMappingMayBeJSON(t *testing.T) {
	m, err := ParseMapping([]byte(`{"email": "Mail", "delimiter": "\t", "profile": {"city": {"column": "City", "values": {"b": "Bonn"}}}}`))
	require.NoError(t, err)
	require.Equal(t, "\t", m.Delimiter)
	require.Equal(t, map[string]string{"email": "Mail", "profile.city": "City"}, m.columns())
}

func mapping(t *testing.T, doc string) Mapping {
	t.Helper()
	m, err := ParseMapping([]byte(doc))
	require.NoError(t, err)
	return m
}

func TestAMappingMustFitTheHeader(t *testing.T) {
	m := mapping(t, "email: Mail\nprofile: {city: City}\n")
	told := func(m Mapping, header ...string) string {
		var ps Problems
		m.fit(&ps, header, dialect{"utf-8", ','})
		return ps.Error()
	}
	require.Empty(t, told(m, "City", "Mail"))
	require.Contains(t, told(m, "Mail"), `mapping.profile.city: the file has no column "City"`)
	require.Contains(t, told(m, "Mail", "City", "Shoe"), `file: the mapping does not name column "Shoe"; map it, or say unmapped: ignore`)
	require.Contains(t, told(m, "Mail", "City", "City"), `two columns are named "City"`)
	require.Contains(t, told(m, "Mail", "", "City"), "column 2 has no name")
	m.Unmapped = unmappedIgnore
	require.Empty(t, told(m, "Mail", "City", "Shoe"))
}

// cellsOf reads one row under a mapping over the columns A to F.
func cellsOf(t *testing.T, doc string, cells ...string) (Input, Problems) {
	t.Helper()
	m := mapping(t, doc)
	header := []string{"A", "B", "C", "D", "E", "F"}[:len(cells)]
	return newReader(m, header).input(cells)
}

func TestCellsBecomeValues(t *testing.T) {
	in, ps := cellsOf(t, `
missing: [Select]
email: A
external_id: {source: crm, column: B}
profile:
  city: {column: C, values: {Wien: Vienna, "?": null}, missing: [none]}
  country: {value: AT}
  custom.size: {column: D, type: number}
  custom.vip: {column: E, values: {y: true}, else: "no"}
  custom.plan: {column: F, default: free}
source: {channel: {column: F, values: {Google: google}, else: other}, medium: {value: csv}}
`, " ada@example.com ", "7", "Wien", "12.5", "y", "Select")
	require.Empty(t, ps)
	require.Equal(t, "ada@example.com", *in.Email)
	require.Equal(t, "crm:7", *in.ExternalID)
	require.Equal(t, record.Source{Medium: "csv"}, in.Source, "a channel that says nothing is none")
	require.JSONEq(t, `"Vienna"`, string(in.Profile["city"]))
	require.JSONEq(t, `"AT"`, string(in.Profile["country"]))
	require.JSONEq(t, `{"size": 12.5, "vip": true, "plan": "free"}`, string(in.Profile["custom"]))
}

func TestACellThatSaysNothingIsAbsentAndClearsNothing(t *testing.T) {
	doc := `
missing: [Select]
email: A
external_id: {source: crm, column: B}
profile: {city: {column: C, values: {"?": null}, missing: [none]}, custom.size: {column: D, type: number}, region: {column: E, values: {x: y}, else: ""}}
`
	for _, city := range []string{"", "  ", "Select", "none", "?"} {
		in, ps := cellsOf(t, doc, "", "Select", city, "", "z")
		require.Empty(t, ps)
		require.Nil(t, in.Email)
		require.Nil(t, in.ExternalID)
		require.Empty(t, in.Profile)
	}
	_, ps := cellsOf(t, doc, "", "7", "", "many", "")
	require.Equal(t, []string{"profile.custom.size"}, fields(t, ps.err()))
}

func TestAnExternalIDOnlyWithoutAnAddress(t *testing.T) {
	const doc = "email: A\nexternal_id: {source: crm, column: B, without_email: true}\n"
	in, _ := cellsOf(t, doc, "ada@example.com", "7")
	require.Nil(t, in.ExternalID)
	in, _ = cellsOf(t, doc, "", "7")
	require.Equal(t, "crm:7", *in.ExternalID)
}

func TestConsentIsAYesANoOrNeither(t *testing.T) {
	const doc = "email: A\nconsent: {column: B, granted: [yes please], refused: [\"no\"]}\n"
	for cell, want := range map[string]*record.Consent{
		"yes please": {Purpose: "marketing", Granted: true}, "no": {Purpose: "marketing"}, "perhaps": nil, "": nil,
	} {
		in, _ := cellsOf(t, doc, "ada@example.com", cell)
		require.Equal(t, want, in.Consent, cell)
	}
}

func TestABadRowNamesTheColumnToBlame(t *testing.T) {
	r := newReader(mapping(t, "email: A\nprofile: {city: B}\nconsent: {column: C, refused: [\"no\"]}\n"), []string{"A", "B", "C"})
	column, told := r.blame(Problems{{"profile.city", CodeTooLong, "must be short"}, {"email", CodeInvalid, "must be an address"}})
	require.Equal(t, "B", column)
	require.Equal(t, "profile.city: must be short; email: must be an address", told)
	column, _ = r.blame(Problems{{"consent.purpose", CodeInvalid, "x"}})
	require.Equal(t, "C", column)
	column, _ = r.blame(Problems{{"row", CodeInvalid, "has 2 cells"}})
	require.Empty(t, column)
}

func TestAFormulaIsNoFormulaInTheFileOfErrors(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+SUM(A1)": "'+SUM(A1)", "-2+3": "'-2+3", "@x": "'@x", "\tx": "'\tx", "\r=1": "'\r=1",
		"-12.5": "-12.5", "+49": "+49", "ada": "ada", "": "", "a=b": "a=b", "-": "'-",
	} {
		require.Equal(t, want, guard(cell))
	}
}
