package person

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProfile_getReadsBothForms(t *testing.T) {
	t.Parallel()
	p := Profile{
		"title": "VP", "city": "", "region": " ", "country": nil, "company_size": 0.0, "custom.flat": "a",
		"custom": map[string]any{"role": "buyer", "none": nil, "flag": false},
	}
	for field, want := range map[string]any{
		"title": "VP", "company_size": 0.0, "custom.flat": "a", "custom.role": "buyer", "custom.flag": false,
	} {
		got, ok := p.Get(field)
		require.True(t, ok, field)
		require.Equal(t, want, got)
	}
	for _, field := range []string{"city", "region", "country", "phone", "custom.none", "custom.other", "role"} {
		_, ok := p.Get(field)
		require.False(t, ok, field)
	}
	_, ok := Profile(nil).Get("custom.x")
	require.False(t, ok)
	_, ok = Profile{"custom": "text"}.Get("custom.x")
	require.False(t, ok)
}

func TestKnown(t *testing.T) {
	t.Parallel()
	for _, field := range append(Fields, "custom.x", "custom.a.b") {
		require.True(t, Known(field), field)
	}
	for _, field := range []string{"", "custom", "custom.", "email", "Title"} {
		require.False(t, Known(field), field)
	}
	require.Subset(t, Fields, Numbers)
}

func TestEventTypes_engagementAndItsOpposite(t *testing.T) {
	t.Parallel()
	for _, kind := range EventTypes {
		require.Equal(t, kind != "email_bounce" && kind != "unsubscribe" && kind != "complaint", Engages(kind), kind)
		require.True(t, !Works(kind) || Engages(kind), kind)
	}
	require.True(t, Works("call"))
	require.False(t, Works("page_view"))
}
