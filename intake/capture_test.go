package intake

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	rules := newAddressRules(Config{})
	for in, want := range map[string]string{
		" Ada.L+x@Example.COM ":  "ada.l+x@example.com",
		"ada@bücher.example":     "ada@xn--bcher-kva.example",
		"ada@BÜCHER.example":     "ada@xn--bcher-kva.example",
		"jörg@example.com":       "jörg@example.com",
		"jo\u0308rg@example.com": "jörg@example.com",
		"":                       "", "ada": "", "ada@": "", "@example.com": "", "ada@localhost": "",
		"Ada <ada@example.com>": "", "<ada@example.com>": "", `"a b"@example.com`: "", "a b@example.com": "",
		"ada@[127.0.0.1]": "", "ada@example.com, b@example.com": "", "ada@exa_mple.com": "",
		"ada@example..com": "", "ada@-x.com": "", "ada\x00@example.com": "", "ada@example.com\r\nBcc: x@example.com": "",
		"ada(comment)@example.com": "", strings.Repeat("a", 65) + "@example.com": "",
		"a@" + strings.Repeat("abcdefghi.", 26) + "com": "", "\xff@example.com": "",
	} {
		got, ok := rules.normalize(in)
		require.Equal(t, want != "", ok, "%q", in)
		if ok {
			require.Equal(t, want, got)
		}
	}
	folding := newAddressRules(Config{StripTags: true, StripDotsAt: []string{"example.com"}})
	got, _ := folding.normalize("a.d.a+news@example.com")
	require.Equal(t, "ada@example.com", got)
	got, _ = folding.normalize("a.d.a@example.org")
	require.Equal(t, "a.d.a@example.org", got)
}

func TestAddress_normalisingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	rules := newAddressRules(Config{})
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching(`[ ]?[A-Za-zÄé.+_-]{1,20}@[A-Za-z0-9äß-]{1,12}\.(com|DE|example)`).Draw(t, "address")
		once, ok := rules.normalize(in)
		if !ok {
			return
		}
		again, ok := rules.normalize(once)
		require.True(t, ok)
		require.Equal(t, once, again)
	})
}

func TestCapture_normalises(t *testing.T) {
	t.Parallel()
	k := &kept{}
	out, err := newService(k).Capture(t.Context(), Input{
		Email: of("Ada@Example.com"), ExternalID: of("CRM: A-17"),
		Profile: map[string]json.RawMessage{
			"first_name": json.RawMessage(`" Ada "`), "last_name": json.RawMessage(`null`), "title": json.RawMessage(`""`),
			"company_size": json.RawMessage(`"250"`), "annual_revenue": json.RawMessage(`1.5e6`),
			"country": json.RawMessage(`"germany"`), "phone": json.RawMessage(`"030 901820"`),
			"company_domain": json.RawMessage(`"https://www.Bücher.example/about"`),
			"time_zone":      json.RawMessage(`"Europe/Berlin"`), "language": json.RawMessage(`"pt-br"`),
			"custom": json.RawMessage(`{"plan":"pro","seats":12,"vip":true,"old":null,"message":"a\r\nb"}`),
		},
		Source:    record.Source{Channel: " Google ", Campaign: "Spring"},
		Consent:   &record.Consent{Purpose: "marketing", Granted: true},
		VisitorID: "abcdefghijklmnopqrstuvwx",
	}, byKey)
	require.NoError(t, err)
	require.True(t, out.Created)
	require.Equal(t, record.Capture{
		Email: "ada@example.com", ExternalID: "crm:A-17",
		Profile: map[string]any{
			"first_name": "Ada", "last_name": nil, "title": nil, "company_size": 250.0, "annual_revenue": 1.5e6,
			"country": "DE", "phone": "+4930901820", "company_domain": "xn--bcher-kva.example",
			"time_zone": "Europe/Berlin", "language": "pt-BR",
			"custom.plan": "pro", "custom.seats": 12.0, "custom.vip": true, "custom.old": nil, "custom.message": "a\nb",
		},
		Source: record.Source{Channel: "Google", Campaign: "Spring"}, SourceCode: "google",
		Consent: &record.Consent{Purpose: "marketing", Granted: true}, VisitorID: "abcdefghijklmnopqrstuvwx",
		Via: "api", Actor: byKey.Actor,
	}, k.captures[0])
}

func TestCapture_namesEveryBadFieldAndNoValue(t *testing.T) {
	t.Parallel()
	k := &kept{}
	const secret = "Zzyzx"
	_, err := newService(k).Capture(t.Context(), Input{
		Email: of(secret), ExternalID: of(secret),
		Profile: map[string]json.RawMessage{
			"first_name": json.RawMessage(`7`), "last_name": json.RawMessage(`"` + secret + `\u0000"`), "nickname": json.RawMessage(`"` + secret + `"`),
			"company_size": json.RawMessage(`-1`), "annual_revenue": json.RawMessage(`"` + secret + `"`), "city": json.RawMessage("\"\xff\""),
			"time_zone": json.RawMessage(`"` + secret + `"`), "language": json.RawMessage(`"` + secret + `zzzzzz"`), "company_domain": json.RawMessage(`"` + secret + `"`),
			"title": json.RawMessage(`"` + strings.Repeat(secret, 60) + `"`), "custom": json.RawMessage(`{"a b":1,"deep":{"x":1},"list":["` + secret + `"]}`),
		},
		Source: record.Source{Channel: secret + "\n" + secret}, Consent: &record.Consent{Purpose: secret}, VisitorID: secret,
	}, byKey)
	require.Equal(t, []string{
		"email", "external_id", "profile.annual_revenue", "profile.city", "profile.company_domain", "profile.company_size",
		"profile.custom", "profile.custom.deep", "profile.custom.list", "profile.first_name", "profile.language",
		"profile.last_name", "profile.nickname", "profile.time_zone", "profile.title", "source.channel", "visitor_id", "consent.purpose",
	}, fields(t, err))
	require.NotContains(t, err.Error(), secret)
	require.Empty(t, k.captures)

	_, err = newService(k).Capture(t.Context(), Input{Email: of(" ")}, byKey)
	require.Equal(t, []string{"email"}, fields(t, err))
}

func TestPatch(t *testing.T) {
	t.Parallel()
	k := &kept{}
	s := newService(k)
	require.NoError(t, s.Patch(t.Context(), "id", Input{Profile: map[string]json.RawMessage{"title": json.RawMessage(`null`)}}, byKey))
	require.Equal(t, map[string]any{"title": nil}, k.patches["id"].Profile)
	err := s.Patch(t.Context(), "id", Input{Email: of(""), ExternalID: of(" "), VisitorID: strings.Repeat("a", 40), Source: record.Source{Channel: "x"}}, byKey)
	require.Equal(t, []string{"source", "visitor_id", "email", "external_id"}, fields(t, err))
}

func TestCountry(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"de": "DE", "DEU": "DE", "Germany": "DE", "united states": "US", "USA": "US", "UK": "GB", "Hong Kong": "HK",
		"India": "IN", "Côte d'Ivoire": "CI", "Asia/Pacific Region": "Asia/Pacific Region", "ZZ": "ZZ",
	} {
		require.Equal(t, want, normalizeCountry(in), in)
	}
}

func TestPhone_staysAsWrittenWhenItCannotBeRead(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"call me": "call me", "030 901820": "030 901820", "+49 30 901820": "+4930901820", "12": "12"} {
		out := map[string]any{"phone": in}
		normalizePhone(out)
		require.Equal(t, want, out["phone"])
	}
}

func TestSourceCode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"Google": "google", "": "other", "Olark Chat": "other", "a.b_c-1": "a.b_c-1", strings.Repeat("a", 65): "other"} {
		require.Equal(t, want, SourceCode(in))
	}
}

func TestVisitor_hasRoomForItsSecret(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"0123456789abcdef0123456789abcdef": true, "0190b0a0-0000-4000-8000-000000000001": true, "aB3-_9xYzaB3-_9xYzaB3z": true,
		"0123456789abcdef0123": false, "0123456789abcdef0123456": false, "short": false, strings.Repeat("x", 129): false, "a b3-_9xYzaB3-_9xYzaB3z": false,
	} {
		require.Equal(t, want, visitorIsSecret(in), in)
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	k := &kept{}
	s := newService(k)
	_, err := s.Form(t.Context(), "contact", url.Values{
		"email": {"ada@example.com"}, "first_name": {"Ada"}, "last_name": {""}, "company_size": {"50"}, "custom.message": {"one\r\ntwo"},
		"utm_source": {"newsletter"}, "campaign": {"may"}, "consent": {"on"}, "_next": {"/thanks"}, "_gotcha": {""},
	}, FormMeta{Referrer: "https://example.com/pricing"})
	require.NoError(t, err)
	require.Equal(t, record.Capture{
		Email:   "ada@example.com",
		Profile: map[string]any{"first_name": "Ada", "company_size": 50.0, "custom.message": "one\ntwo"},
		Source:  record.Source{Channel: "newsletter", Campaign: "may", Referrer: "https://example.com/pricing"}, SourceCode: "newsletter",
		Consent: &record.Consent{Purpose: "marketing", Granted: true}, Via: "form", Actor: lifecycle.Actor{Type: "lead"},
		Event: &record.Event{Type: "form_submit", Properties: map[string]any{"form": "contact"}},
	}, k.captures[0])

	out, err := s.Form(t.Context(), "contact", url.Values{"email": {"bot@example.com"}, "_gotcha": {"x"}}, FormMeta{})
	require.NoError(t, err)
	require.Equal(t, record.Captured{}, out)
	require.Len(t, k.captures, 1)

	for id, kept := range map[string]string{"a cookie that was cut": "", "aB3-_9xYzaB3-_9xYzaB3z": "aB3-_9xYzaB3-_9xYzaB3z"} {
		_, err := s.Form(t.Context(), "contact", url.Values{"email": {"ada@example.com"}, "visitor_id": {id}}, FormMeta{})
		require.NoError(t, err, "nobody is lost for what their browser holds")
		require.Equal(t, kept, k.captures[len(k.captures)-1].VisitorID)
	}

	for name, bad := range map[string]struct {
		form   string
		values url.Values
		fields []string
	}{
		"name":    {"Bad Name", url.Values{"email": {"a@example.com"}}, []string{"form"}},
		"size":    {"f", url.Values{"custom.x": {strings.Repeat("x", maxForm)}}, []string{"form"}},
		"nobody":  {"f", url.Values{"first_name": {"Ada"}}, []string{"email"}},
		"unknown": {"f", url.Values{"email": {"a@example.com"}, "nick": {"x"}, "consent": {"perhaps"}}, []string{"consent", "nick"}},
		"bytes":   {"f", url.Values{"email": {"a@example.com"}, "city": {"\xff"}}, []string{"profile.city"}},
	} {
		_, err := s.Form(t.Context(), bad.form, bad.values, FormMeta{})
		require.Equal(t, bad.fields, fields(t, err), name)
	}
	require.Len(t, k.captures, 3)
}
