package intake_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

// under works a file to its end, under another mapping than the usual.
func (d desk) under(t *testing.T, mapping, file string, opts intake.ImportOptions) record.Import {
	t.Helper()
	imp, err := d.StartImport(t.Context(), strings.NewReader(file), []byte(mapping), opts, intake.By{Via: "import"})
	require.NoError(t, err)
	worked, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	require.True(t, worked)
	return d.read(t, imp.ID)
}

// profileOf is what is known of somebody.
func (d desk) profileOf(t *testing.T, key string) map[string]any {
	t.Helper()
	page, err := d.st.Leads(t.Context(), record.LeadFilter{Query: key})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	return page.Items[0].Profile
}

func (d desk) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, d.pool.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

// Ada is known, Bob is twice in the file; what becomes of them depends on the rule, and a dry run foresees it.
func TestWhatBecomesOfKnownPeopleIsTheMappingsToSay(t *testing.T) {
	const known = header + "ada@example.com,1,,Ada,Bonn,\n"
	const file = header +
		"ada@example.com,1,,Countess,London,3\n" + // differs, differs, is new
		"ada@example.com,1,,Ada,Bonn,\n" + // as it was
		"bob@example.com,2,,Bob,,5\n" +
		"bob@example.com,2,,Robert,Rome,5\n" +
		"bob@example.com,2,,Robert,Rome,5\n"
	for _, c := range []struct {
		rule, field                            string
		updated, unchanged, skipped, repeating int
		ada, bob                               map[string]any
	}{
		{"", "", 2, 2, 0, 3, custom("Ada", "Bonn", 3), custom("Bob", "Rome", 5)},
		{"fill", "", 2, 2, 0, 3, custom("Ada", "Bonn", 3), custom("Bob", "Rome", 5)},
		{"overwrite", "", 3, 1, 0, 3, custom("Ada", "Bonn", 3), custom("Robert", "Rome", 5)},
		{"skip", "", 0, 4, 4, 3, map[string]any{"first_name": "Ada", "city": "Bonn"}, map[string]any{"first_name": "Bob", "custom": map[string]any{"size": 5.0}}},
		{"fill", "overwrite", 3, 1, 0, 3, custom("Ada", "Bonn", 3), custom("Bob", "Rome", 5)},
		{"overwrite", "fill", 3, 1, 0, 3, custom("Ada", "Bonn", 3), custom("Robert", "Rome", 5)},
	} {
		t.Run(c.rule+" "+c.field, func(t *testing.T) {
			d := newDesk(t, intake.Config{})
			d.run(t, known, intake.ImportOptions{})
			m := mapping
			if c.rule != "" {
				m += "on_known: " + c.rule + "\n"
			}
			if c.field != "" {
				m = strings.Replace(m, "city: City", "city: {column: City, on_known: "+c.field+"}", 1)
			}
			want := counts{State: "done", Rows: 5, Created: 1, Updated: c.updated, Unchanged: c.unchanged}
			dry := d.under(t, m, file, intake.ImportOptions{DryRun: true})
			require.Equal(t, want, countsOf(dry), "the dry run foresees it")
			imp := d.under(t, m, file, intake.ImportOptions{})
			require.Equal(t, want, countsOf(imp))
			require.Equal(t, [2]int{c.skipped, c.repeating}, [2]int{imp.Skipped, imp.Repeated})
			require.Equal(t, [2]int{c.skipped, c.repeating}, [2]int{dry.Skipped, dry.Repeated})
			require.Equal(t, c.ada, d.profileOf(t, "ada@example.com"))
			require.Equal(t, c.bob, d.profileOf(t, "bob@example.com"))
		})
	}
}

func custom(name, city string, size float64) map[string]any {
	return map[string]any{"first_name": name, "city": city, "custom": map[string]any{"size": size}}
}

// A refusal of mail is heard under every rule; only overwriting lifts one.
func TestARefusalIsHeardUnderEveryRule(t *testing.T) {
	for _, rule := range []string{"fill", "overwrite", "skip"} {
		d := newDesk(t, intake.Config{})
		m := strings.Replace(mapping, `refused: ["no"]`, `refused: ["no"], granted: ["yes"]`, 1) + "on_known: " + rule + "\n"
		refuses := func() int { return d.count(t, `SELECT count(*) FROM leads WHERE consent @> '{"marketing": false}'`) }
		d.under(t, m, header+"ada@example.com,1,yes,,,\n", intake.ImportOptions{})
		require.Zero(t, refuses())
		no := header + "ada@example.com,1,no,Ada,,\n"
		for _, dry := range []bool{true, false} {
			require.Equal(t, 1, d.under(t, m, no, intake.ImportOptions{DryRun: dry}).Updated, rule)
		}
		require.Equal(t, 1, refuses(), rule)
		yes := header + "ada@example.com,1,yes,,,\n"
		lifted := map[string]int{"overwrite": 1}[rule]
		for _, dry := range []bool{true, false} {
			require.Equal(t, lifted, d.under(t, m, yes, intake.ImportOptions{DryRun: dry}).Updated, rule)
		}
		require.Equal(t, 1-lifted, refuses(), rule)
		require.Equal(t, 1, d.count(t, "SELECT count(*) FROM suppressions"), "and nobody is written to for that")
	}
}

func TestARuleThatIsNoneIsRefused(t *testing.T) {
	for _, m := range []string{"on_known: replace\n", "on_known: skip\nprofile: {city: {column: City, on_known: fill}}\n", "profile: {city: {column: City, on_known: skip}}\n"} {
		_, err := intake.ParseMapping([]byte("email: Mail\n" + m))
		require.ErrorContains(t, err, "on_known", m)
	}
}
