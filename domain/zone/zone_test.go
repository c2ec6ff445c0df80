package zone

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ country, region, want string }{
		{"DE", "", "Europe/Berlin"},
		{"no", "Oslo", "Europe/Oslo"},
		{"US", "", "America/New_York"},
		{"US", "CA", "America/Los_Angeles"},
		{"US", "us-ca", "America/Los_Angeles"},
		{"US", " california ", "America/Los_Angeles"},
		{"US", "Nowhere", "America/New_York"},
		{"CA", "British-Columbia", "America/Vancouver"},
		{"CA", "Québec", "America/Toronto"},
		{"AU", "WA", "Australia/Perth"},
		{"US", "WA", "America/Los_Angeles"},
		{"BR", "Rondônia", "America/Porto_Velho"},
		{"BR", "", "America/Sao_Paulo"},
		{"CN", "Xinjiang", "Asia/Shanghai"},
		{"PT", "Açores", "Atlantic/Azores"},
		{"", "CA", ""},
		{"XX", "", ""},
		{"Germany", "", ""}, // intake writes codes
	} {
		require.Equal(t, tc.want, Of(tc.country, tc.region), "%s %s", tc.country, tc.region)
	}
}

// zone.tab has 247 countries, and Kosovo is no code of ISO 3166. Every zone of the tables is one.
func TestTables_areWhole(t *testing.T) {
	t.Parallel()
	all := tables()
	require.Len(t, all.countries, 248)
	for code := range all.countries {
		region, err := language.ParseRegion(code)
		require.NoError(t, err, code)
		require.True(t, region.IsCountry() && region.String() == code, code)
	}
	require.Greater(t, len(all.regions), 150)
	for _, m := range []map[string]string{all.countries, all.regions} {
		for at, name := range m {
			_, err := time.LoadLocation(name)
			require.NoError(t, err, at)
		}
	}
	for region := range all.regions {
		require.NotEmpty(t, all.countries[region[:2]], region)
	}
}
