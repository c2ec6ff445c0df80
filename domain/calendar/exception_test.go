package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDays_changeTheWeekAndLeaveTheSpec(t *testing.T) {
	t.Parallel()
	s := office("Europe/Berlin")
	s.Holidays = []string{"2026-12-25"}
	c := compile(t, s.With([]Exception{
		{Kind: KindHoliday, Date: "2026-12-28"},
		{Kind: KindClosure, From: "2026-12-24T12:00", To: "2026-12-24"},
		{Kind: KindOpening, Date: "2026-12-26", From: "10:00", To: "12:00"},
	}))
	require.Equal(t, 3*time.Hour+2*time.Hour, c.Elapsed(at(t, c, "2026-12-24 00:00:00"), at(t, c, "2026-12-29 00:00:00")))
	require.Equal(t, []string{"2026-12-25"}, s.Holidays)
	require.Empty(t, s.Closures)
}

func TestDay_namesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		day  Exception
		want []string
	}{
		{Exception{Kind: KindHoliday, Date: "2026-12-25"}, nil},
		{Exception{Kind: KindClosure, From: "2026-12-24T12:00", To: "2026-12-27"}, nil},
		{Exception{Kind: KindOpening, Date: "2026-12-26", From: "22:00", To: "02:00"}, nil},
		{Exception{Kind: "feast", Date: "2026-12-26"}, []string{"kind"}},
		{Exception{Kind: KindHoliday, Date: "25.12.2026"}, []string{"date"}},
		{Exception{Kind: KindHoliday, Date: "2026-12-25", From: "10:00"}, []string{"from"}},
		{Exception{Kind: KindClosure, From: "2026-12-24", To: "2026-12-23"}, []string{"to"}},
		{Exception{Kind: KindClosure, From: "2026-01-01", To: "2099-12-23"}, []string{"to"}},
		{Exception{Kind: KindClosure, Date: "2026-12-24"}, []string{"from", "to", "date"}},
		{Exception{Kind: KindOpening, Date: "2026-12-26", From: "9", To: "10:00"}, []string{"from"}},
		{Exception{Kind: KindOpening}, []string{"date", "from"}},
	} {
		var got []string
		for _, p := range tc.day.Problems() {
			got = append(got, p.Path)
		}
		require.Equal(t, tc.want, got, "%+v", tc.day)
	}
	require.Equal(t, "2026-12-24", Exception{Kind: KindClosure, From: "2026-12-24T12:00"}.First())
}
