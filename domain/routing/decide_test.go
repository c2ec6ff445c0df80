package routing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

func TestDecide_saysWhyEachIsLeftOut(t *testing.T) {
	t.Parallel()
	one, two := 1, 2
	doc := Document{Rules: []Rule{{ID: "all", Pool: "p"}}, Pools: map[string]Pool{
		"p": {Strategy: Weighted, Tags: []string{"enterprise"}, Speaks: true, Covers: "country"},
	}}
	able := func(id string, change func(*Candidate)) Candidate {
		c := Candidate{Pool: "p", RepID: id, Weight: 1, Tags: []string{"Enterprise", "smb"}, Languages: []string{"de"}, Territories: []string{"de", "AT"}}
		if change != nil {
			change(&c)
		}
		return c
	}
	in := Input{
		Facts: Facts{"language": "de-AT", "country": "AT"}, Passed: []string{"passed"}, Read: []string{"p"},
		Candidates: []Candidate{
			able("able", nil),
			able(ExcludedPassed, nil),
			able(ExcludedInactive, func(c *Candidate) { c.Inactive = true }),
			able(ExcludedAway, func(c *Candidate) { c.Away = true }),
			able(ExcludedCapacity, func(c *Candidate) { c.Open, c.Capacity = &two, &two }),
			able(ExcludedPerDay, func(c *Candidate) { c.Today, c.PerDay = &one, &one }),
			able(ExcludedTags, func(c *Candidate) { c.Tags = []string{"smb"} }),
			able(ExcludedLanguage, func(c *Candidate) { c.Languages = []string{"en", "d"} }),
			able(ExcludedTerritory, func(c *Candidate) { c.Territories = []string{"CH"} }),
			able(ExcludedWeight, func(c *Candidate) { c.Weight = 0 }),
			able("room", func(c *Candidate) { c.Open, c.Capacity, c.Today, c.PerDay = &one, &two, new(int), &one }),
		},
	}
	d := Decide(doc, in)
	require.Equal(t, "able", d.Rep)
	for _, c := range d.Ledger {
		want := c.RepID
		if c.RepID == "able" || c.RepID == "room" {
			want = ""
		}
		require.Equal(t, want, c.Excluded, c.RepID)
	}
	require.Empty(t, in.Candidates[1].Excluded, "what was given stays as it was")
	in.Facts = Facts{} // what nobody knows of a lead shuts out nobody
	for _, c := range Decide(doc, in).Ledger {
		require.NotContains(t, []string{ExcludedLanguage, ExcludedTerritory}, c.Excluded)
	}
}

// The owner of the account first, then the rule's pool, then its fallbacks: each is read when it is needed and not before.
func TestDecide_goesStepByStep(t *testing.T) {
	t.Parallel()
	doc := Document{
		Rules: []Rule{
			{ID: "big", When: []scoring.Condition{{Field: "company_size", Range: []float64{1000, 1e9}}, {Field: "band", OneOf: []any{"hot"}}}, Rep: "grace", Fallback: []string{"key", "rest"}},
			{ID: "all", Pool: "rest"},
		},
		Pools: map[string]Pool{"key": {Strategy: RoundRobin}, "rest": {Strategy: RoundRobin}},
	}
	in := Input{Facts: Facts{"company_size": 5000.0, "band": "hot"}, Owner: "olga"}
	var asked []string
	for d := Decide(doc, in); ; d = Decide(doc, in) {
		require.Equal(t, "big", d.Rule)
		if d.Need == nil {
			require.Equal(t, "rita", d.Rep)
			require.Equal(t, "rest", d.Pool)
			require.Len(t, d.Ledger, 3)
			break
		}
		require.Empty(t, d.Rep)
		asked = append(asked, d.Need.Pool)
		in.Read = append(in.Read, d.Need.Pool)
		switch d.Need.Pool {
		case PoolAccount:
			require.Equal(t, []string{"olga"}, d.Need.Of.Reps)
			in.Candidates = append(in.Candidates, Candidate{Pool: PoolAccount, RepID: "olga", Away: true})
		case PoolRep:
			in.Candidates = append(in.Candidates, Candidate{Pool: PoolRep, RepID: "grace", Inactive: true})
		case "rest":
			in.Candidates = append(in.Candidates, Candidate{Pool: "rest", RepID: "rita"})
		}
	}
	require.Equal(t, []string{PoolAccount, PoolRep, "key", "rest"}, asked)
	in.Facts["band"] = "cold"
	require.Equal(t, "all", Decide(doc, in).Rule)
	doc.Account.Owner = OwnerNone
	require.Equal(t, "rest", Decide(doc, Input{Owner: "olga"}).Need.Pool)
}

func TestAccountOf_aProviderIsNobodysCompany(t *testing.T) {
	t.Parallel()
	d := Document{Account: Account{FreeMail: []string{"uni.example"}}}
	for _, c := range [][3]string{
		{"", "ada@acme.example", "acme.example"},
		{"Acme.example ", "ada@gmail.com", "acme.example"},
		{"", "ada@gmail.com", ""},
		{"", "ada@GMX.de", ""},
		{"", "ada@uni.example", ""},
		{"gmail.com", "ada@acme.example", ""},
		{"", "", ""},
		{"", "ada@web.de", ""},
		{"", "ada@MIT License", "mit license"},
	} {
		require.Equal(t, c[2], d.AccountOf(c[0], c[1]), "%v", c)
	}
	d.Account.Owner = OwnerNone
	require.Empty(t, d.AccountOf("acme.example", ""))
	require.False(t, FreeMail("")) // nor are the lines that say where the list comes from
	require.False(t, FreeMail("#"))
}

// The ledger keeps of a person what the document asks for, and nothing else.
func TestFacts_onlyWhatIsAsked(t *testing.T) {
	t.Parallel()
	d := Document{
		Rules: []Rule{{When: []scoring.Condition{{Field: "country", Equals: "DE"}}}},
		Pools: map[string]Pool{"p": {Speaks: true, Covers: "region"}},
	}
	require.Equal(t, Facts{"country": "DE", "language": "de"},
		Facts{"country": "DE", "language": "de", "first_name": "Ada", "region": ""}.Only(d))
}
