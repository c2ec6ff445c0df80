package notify

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	oracle "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var home = Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

func TestSignAgreesWithTheReferenceLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := NewSecret()
		reference, err := oracle.NewWebhook(secret)
		require.NoError(t, err)
		id := rapid.StringMatching(`[A-Za-z0-9_-]{1,128}`).Draw(t, "id")
		body := []byte(rapid.String().Draw(t, "body"))
		at := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "at"), 123)
		got, err := Sign(id, at, body, secret)
		require.NoError(t, err)
		want, err := reference.Sign(id, at, body)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// The published example of the specification.
func TestSignKnownAnswer(t *testing.T) {
	got, err := Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", got)
}

func TestSignRefuses(t *testing.T) {
	for _, c := range [][2]string{{"", NewSecret()}, {"a.b", NewSecret()}, {"a\nb", NewSecret()}, {"a", "whsec_short"}, {"a", "whsec_???"}} {
		_, err := Sign(c[0], time.Now(), nil, c[1])
		require.Error(t, err)
		require.NotContains(t, err.Error(), strings.TrimPrefix(c[1], "whsec_")+" ")
	}
	_, err := Sign("a", time.Now(), nil)
	require.Error(t, err)
	require.NoError(t, CheckSecret(NewSecret()))
	require.Error(t, CheckSecret("x"))
}

func TestPostIsVerifiableAndRotates(t *testing.T) {
	secret, older := NewSecret(), NewSecret()
	var bodies, failures atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for _, known := range []string{secret, older} {
			w, _ := oracle.NewWebhook(known)
			if w.Verify(body, r.Header) != nil {
				failures.Add(1)
			}
		}
		if string(body) == `{"a":1}` && r.Header.Get("Content-Type") == "application/json" {
			bodies.Add(1)
		}
	}))
	defer server.Close()
	a := NewPoster(Options{Guard: home}).Post(t.Context(), server.URL+"/x?token=t", secret, "msg_1", []byte(`{"a":1}`), older)
	require.NoError(t, a.Err)
	require.Equal(t, Delivered, a.Result)
	require.Equal(t, 200, a.Status)
	require.EqualValues(t, 1, bodies.Load())
	require.Zero(t, failures.Load())
}

func TestPostJudgesTheAnswer(t *testing.T) {
	var followed atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("/204", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	mux.HandleFunc("/410", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) })
	mux.HandleFunc("/400", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) })
	mux.HandleFunc("/429", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "7"); w.WriteHeader(429) })
	mux.HandleFunc("/503", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "99999999")
		w.WriteHeader(503)
	})
	mux.HandleFunc("/302", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/target", http.StatusFound) })
	mux.HandleFunc("/target", func(http.ResponseWriter, *http.Request) { followed.Store(true) })
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	poster := NewPoster(Options{Guard: home, Timeout: 300 * time.Millisecond})
	defer poster.Close()
	for path, want := range map[string]Answer{
		"/204": {Result: Delivered, Status: 204}, "/410": {Result: Gone, Status: 410}, "/400": {Result: Retry, Status: 400},
		"/429": {Result: Retry, Status: 429, RetryAfter: 7 * time.Second}, "/503": {Result: Retry, Status: 503, RetryAfter: 24 * time.Hour},
		"/302": {Result: Retry, Status: 302}, "/hang": {Result: Retry}, "/endless": {Result: Delivered, Status: 200},
	} {
		a := poster.Post(t.Context(), server.URL+path+"?secret=s3cret", NewSecret(), "m", nil)
		require.Equal(t, want.Result, a.Result, "%s: %v", path, a.Err)
		require.Equal(t, want.Status, a.Status, path)
		require.Equal(t, want.RetryAfter, a.RetryAfter, path)
		require.Equal(t, want.Result == Delivered, a.Err == nil, path)
		if a.Err != nil {
			require.NotContains(t, a.Err.Error(), "s3cret")
		}
	}
	require.False(t, followed.Load(), "a redirect was followed")
}

func TestPostNeverReachesTheHouse(t *testing.T) {
	var reached atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer server.Close()
	poster := NewPoster(Options{PlainHTTP: true})
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "0x7f000001"} {
		a := poster.Post(t.Context(), "http://"+host+port+"/", NewSecret(), "m", nil)
		require.NotEqual(t, Delivered, a.Result, host)
		require.Error(t, a.Err)
	}
	require.False(t, reached.Load())
	require.ErrorIs(t, poster.Post(t.Context(), "http://localhost"+port, NewSecret(), "m", nil).Err, ErrForbidden)
}

func TestGuard(t *testing.T) {
	for text, public := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "172.32.0.1": true, "2606:4700::1111": true, "100.63.255.255": true,
		"10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "127.0.0.1": false, "169.254.169.254": false, "0.0.0.0": false, "0.1.2.3": false,
		"100.64.0.1": false, "198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false, "192.0.2.1": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false, "::ffff:10.0.0.1": false,
		"::ffff:8.8.8.8": true, "64:ff9b::a00:1": false, "2002:a00:1::": false, "2001::1": false, "::127.0.0.1": false, "fec0::1": false,
	} {
		require.Equal(t, public, Guard{}.Check(netip.MustParseAddr(text)) == nil, text)
	}
	require.NoError(t, home.Check(netip.MustParseAddr("::ffff:127.0.0.1")))
	require.Error(t, home.Check(netip.MustParseAddr("10.0.0.1")))
	require.ErrorIs(t, Guard{}.Control("tcp", "nonsense", nil), ErrForbidden)
	require.ErrorIs(t, Guard{}.Control("tcp", "name:1", nil), ErrForbidden)
}

func TestCheckURL(t *testing.T) {
	poster := NewPoster(Options{})
	for target, ok := range map[string]bool{
		"https://example.com/x": true, "http://example.com": false, "ftp://example.com": false, "example.com": false, "https://": false,
		"https://u:p@example.com": false, "https:opaque": false, "": false, "::": false,
	} {
		require.Equal(t, ok, poster.CheckURL(target) == nil, target)
	}
	require.Equal(t, Refused, poster.Post(t.Context(), "http://example.com", NewSecret(), "m", nil).Result)
	require.Equal(t, Refused, poster.Post(t.Context(), "https://example.com", "bad", "m", nil).Result)
}

func TestDelay(t *testing.T) {
	for made, want := range []time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour} {
		wait, again := Delay(made, 0.5)
		require.True(t, again)
		require.InDelta(t, float64(want), float64(wait), 10)
	}
	_, again := Delay(Attempts, 0.5)
	require.False(t, again)
	_, again = Delay(-1, 0.5)
	require.False(t, again)
	rapid.Check(t, func(t *rapid.T) {
		made, jitter := rapid.IntRange(0, 7).Draw(t, "made"), rapid.Float64().Draw(t, "jitter")
		wait, _ := Delay(made, jitter)
		require.GreaterOrEqual(t, float64(wait), 0.89*float64(delays[made]))
		require.LessOrEqual(t, float64(wait), 1.11*float64(delays[made]))
	})
}

func TestRetryAfterDate(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	require.Equal(t, time.Minute, retryAfter(now.Add(time.Minute).Format(http.TimeFormat), now))
	require.Zero(t, retryAfter(now.Add(-time.Minute).Format(http.TimeFormat), now))
	require.Zero(t, retryAfter("soon", now))
	require.Zero(t, retryAfter("-5", now))
}
