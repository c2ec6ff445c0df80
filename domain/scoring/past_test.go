package scoring

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/person"
)

func pastModel(t require.TestingT) *Scorer {
	s, err := New(Model{
		MQL: MQL{Score: 100}, Bands: Bands{Hot: 100, Warm: 40, Hysteresis: 10}, Grades: Grades{A: 45, B: 30, C: 15}, Floor: new(-50.0),
		Fit: []FitRule{{ID: "chief", Condition: Condition{Field: "title", Equals: "Chief"}, Points: 30}},
		Engagement: []EngagementRule{
			{ID: "paper", On: "content_download", Points: 30, HalfLife: days(3)},
			{ID: "visits", On: "page_view", Points: 15, Count: 3, Within: days(7)},
			{ID: "form", On: "form_submit", Points: 25},
			{ID: "leave", On: "unsubscribe", Points: -40},
		},
		Triggers: []string{"demo_request"},
	})
	require.NoError(t, err)
	return s
}

// What came later is not known earlier: not an event that had happened by then, not a value of the profile. What was taken back later had counted.
func TestCourse_knowsWhatWasKnownThen(t *testing.T) {
	t.Parallel()
	s, begin := pastModel(t), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	day := func(n float64) time.Time { return begin.Add(time.Duration(n * 24 * float64(time.Hour))) }
	event := func(id, kind string, happened, received float64) Learned {
		return Learned{Event: Event{ID: id, Type: kind, OccurredAt: day(happened), ReceivedAt: day(received)}, From: day(received)}
	}
	late := event("late", "form_submit", 1, 5)
	fake := event("fake", "form_submit", 2, 2)
	fake.Until = day(6)
	p := Past{
		Events:   []Learned{late, fake},
		Profiles: []ProfileSince{{day(4), person.Profile{"title": "Chief"}}, {day(7), person.Profile{}}},
	}
	var moments []time.Time
	for _, n := range []float64{0, 1, 2, 3, 4, 5, 6, 7} {
		moments = append(moments, day(n))
	}
	var got []int
	for _, m := range s.Course(p, moments) {
		got = append(got, m.Score)
	}
	require.Equal(t, []int{0, 0, 25, 25, 55, 80, 55, 25}, got)
	require.Equal(t, []Moment{{At: day(0), Result: Result{Band: Cold, Grade: "D"}}}, s.Course(Past{}, moments[:1]))
	require.Empty(t, s.Course(p, nil))
}

// A band that was left and reached again, and one that was kept by its hysteresis, differ by what was between.
func TestCourse_followsTheBand(t *testing.T) {
	t.Parallel()
	s, now := pastModel(t), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(minutes int, kind string) Learned {
		when := now.Add(time.Duration(minutes) * time.Minute)
		return Learned{Event: Event{ID: kind + when.String(), Type: kind, OccurredAt: when, ReceivedAt: when}, From: when}
	}
	hot := []Learned{at(0, "form_submit"), at(1, "form_submit"), at(2, "form_submit"), at(3, "form_submit"), at(4, "content_download"), at(5, "unsubscribe")}
	end := now.Add(time.Hour)
	require.Equal(t, Hot, s.Course(Past{Events: hot}, []time.Time{end})[0].Band, "90 points, which were 130")
	slices.Reverse(hot)
	require.Equal(t, Hot, s.Course(Past{Events: hot}, []time.Time{end})[0].Band, "in whatever order they are read")
	never := append([]Learned{at(-1, "unsubscribe")}, hot[1:]...)
	require.Equal(t, Warm, s.Course(Past{Events: never}, []time.Time{end})[0].Band, "90 points, which were never more")
	fake := at(6, "content_download")
	fake.Until = now.Add(10 * time.Minute)
	c := s.Course(Past{Events: append(never, fake)}, []time.Time{now.Add(7 * time.Minute), end})
	require.Equal(t, []string{Hot, Warm}, []string{c[0].Band, c[1].Band}, "which a machine's download had made 120 until it was taken back")
}

// The course at a moment is what an explanation of that moment says, whatever was learned, taken back and adjusted in whatever order.
func TestCourse_isWhatIsExplained(t *testing.T) {
	t.Parallel()
	s, begin := pastModel(t), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		hours := func(name string, from, to int) time.Time {
			return begin.Add(time.Duration(rapid.IntRange(from, to).Draw(t, name)) * time.Hour)
		}
		var p Past
		for i := range rapid.IntRange(0, 25).Draw(t, "events") {
			kind := rapid.SampledFrom([]string{"content_download", "page_view", "form_submit", "unsubscribe"}).Draw(t, "kind")
			l := Learned{Event: Event{ID: string(rune('a' + i)), Type: kind, OccurredAt: hours("happened", 0, 400)}}
			l.ReceivedAt = l.OccurredAt.Add(time.Duration(rapid.IntRange(-2, 90).Draw(t, "late")) * time.Hour)
			l.From = l.ReceivedAt.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 50}).Draw(t, "inherited")) * time.Hour)
			if rapid.IntRange(0, 4).Draw(t, "taken back") == 0 {
				l.Until = l.From.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "after")) * time.Hour)
			}
			p.Events = append(p.Events, l)
		}
		at := begin
		for range rapid.IntRange(0, 3).Draw(t, "profiles") {
			at = at.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "later")) * time.Hour)
			p.Profiles = append(p.Profiles, ProfileSince{at, person.Profile{"title": rapid.SampledFrom([]string{"Chief", "Clerk"}).Draw(t, "title")}})
		}
		for n := range rapid.IntRange(0, 2).Draw(t, "adjustments") {
			policy := rapid.SampledFrom([]string{PolicyKeep, PolicyHalve, PolicyZero, PolicyFloor}).Draw(t, "policy")
			p.Adjustments = append(p.Adjustments, Adjustment{At: hours("adjusted", 100*n, 100*n+300), Policy: policy, Cycle: n + 2})
		}
		var moments []time.Time
		for range rapid.IntRange(1, 8).Draw(t, "moments") {
			moments = append(moments, hours("moment", 0, 500))
		}
		slices.SortFunc(moments, time.Time.Compare)
		for _, m := range s.Course(p, moments) {
			var profile person.Profile
			for _, k := range p.Profiles {
				if !k.Since.After(m.At) {
					profile = k.Profile
				}
			}
			var known []Event
			for _, l := range p.Events {
				if l.Known(m.At) {
					known = append(known, l.Event)
				}
			}
			want := s.Explain(profile, known, p.Adjustments, m.At, m.Band)
			require.Equal(t, want.Result, m.Result, "at %s", m.At)
		}
	})
}

func TestJudge(t *testing.T) {
	t.Parallel()
	model := pastModel(t).Model
	model.MQL.MinFit = new(20.0)
	s, err := New(model)
	require.NoError(t, err)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	form, demo := Event{Type: "form_submit", OccurredAt: now}, Event{Type: "demo_request", OccurredAt: now}
	chief := person.Profile{"title": "Chief"}
	require.Equal(t, Judged{Score: 50}, s.Judge(nil, []Event{form, form}, nil, now))
	require.Equal(t, Judged{Score: 55, Least: true}, s.Judge(chief, []Event{form}, nil, now))
	require.Equal(t, Judged{Score: 0, Hard: true}, s.Judge(nil, []Event{demo}, nil, now))
	before := []Adjustment{{At: now.Add(time.Hour), Policy: PolicyZero, Cycle: 2}}
	require.Equal(t, Judged{}, s.Judge(nil, []Event{demo, form}, before, now.Add(2*time.Hour)), "a trigger of the cycle before")
	require.Equal(t, Judged{Score: 25, Hard: true}, s.Judge(nil, []Event{demo, form}, before, now), "the cycle had not begun")
	require.True(t, Judged{Hard: true}.Picks(100))
	require.True(t, Judged{Score: 100, Least: true}.Picks(100))
	require.False(t, Judged{Score: 100}.Picks(100))
	require.False(t, Judged{Score: 99, Least: true}.Picks(100))
}
