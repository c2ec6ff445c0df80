package scanner

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// hits reads "a@1.5 trap@2 pixel@3 b@4=agent": a link, when in seconds, and why it is known by itself.
func hits(text string) []Hit {
	var out []Hit
	for _, word := range strings.Fields(text) {
		word, known, _ := strings.Cut(word, "=")
		link, at, _ := strings.Cut(word, "@")
		seconds, err := strconv.ParseFloat(at, 64)
		if err != nil {
			panic(err)
		}
		h := Hit{ID: word, Link: link, Pixel: link == "pixel", At: now.Add(time.Duration(seconds * float64(time.Second)))}
		if known != "" {
			h.Known = "scanner_" + known
		}
		if link == "trap" {
			h.Known = Trap
		}
		out = append(out, h)
	}
	return out
}

func TestWhoIsAMachine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, hits, want string }{
		{"one link", "a@5", "-"},
		{"two links, as a person follows them", "a@5 b@9", "- -"},
		{"two links at once", "a@5 b@5.5", "burst burst"},
		{"two links two seconds apart", "a@5 b@7", "burst burst"},
		{"and a moment more", "a@5 b@7.001", "- -"},
		{"one link twice", "a@5 a@5.1", "- -"},
		{"three links in ten seconds", "a@0 b@5 c@10", "burst burst burst"},
		{"three links in more", "a@0 b@5 c@10.001", "- - -"},
		{"the first counted until the others came", "c@10 b@5 a@0", "burst burst burst"},
		{"a person afterwards", "a@0 b@1 a@60 c@100", "burst burst - -"},
		{"a person before", "a@0 b@60 c@60.1", "- burst burst"},
		{"a pixel is no link", "pixel@0 a@0.5", "- -"},
		{"a pixel in a burst", "pixel@0 a@0.5 b@1", "burst burst burst"},
		{"a pixel later", "a@0.5 b@1 pixel@30", "burst burst -"},
		{"a trap, and what is around it", "a@0 trap@30 b@80 c@91", "trap trap trap -"},
		{"a trap alone", "trap@0", "trap"},
		{"a trap in a burst", "a@0 trap@1", "trap trap"},
		{"a known agent, and it alone", "a@0=agent b@30", "agent -"},
		{"a known agent in a burst keeps its reason", "a@0=agent b@1", "agent burst"},
		{"nothing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, why := range (Rules{}).Judge(time.Time{}, hits(tt.hits)) {
				if why = strings.TrimPrefix(why, "scanner_"); why == "" {
					why = "-"
				}
				got = append(got, why)
			}
			require.Equal(t, tt.want, strings.Join(got, " "))
		})
	}
}

func TestTooEarly(t *testing.T) {
	t.Parallel()
	r := Rules{Early: 3 * time.Second}
	require.Equal(t, []string{Early, Early, "", ""}, r.Judge(now, hits("a@-5 a@2.9 a@3 a@9")))
	require.Equal(t, []string{"", ""}, r.Judge(time.Time{}, hits("a@-5 a@2")), "nobody knows when it was sent")
	require.Equal(t, []string{""}, Rules{}.Judge(now, hits("a@0")), "not looked at unless asked for")
}

// A set of hits has one verdict, in whatever order it is seen; more hits never acquit.
func TestTheOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		var all []Hit
		for i := range n {
			h := Hit{ID: strconv.Itoa(i), Link: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "link"), At: now.Add(time.Duration(rapid.IntRange(0, 120_000).Draw(t, "ms")) * time.Millisecond)}
			h.Pixel = rapid.IntRange(0, 5).Draw(t, "pixel") == 0
			h.Known = rapid.SampledFrom([]string{"", "", "", "", Trap, Agent}).Draw(t, "known")
			all = append(all, h)
		}
		verdicts := func(hits []Hit) map[string]string {
			out := map[string]string{}
			for i, why := range (Rules{}).Judge(now, hits) {
				out[hits[i].ID] = why
			}
			return out
		}
		want := verdicts(all)
		require.Equal(t, want, verdicts(rapid.Permutation(all).Draw(t, "order")))
		for id, why := range verdicts(all[:n-1]) {
			if why != "" {
				require.NotEmpty(t, want[id])
			}
		}
		for id, why := range want {
			if i := slices.IndexFunc(all, func(h Hit) bool { return h.ID == id }); all[i].Known != "" {
				require.Equal(t, all[i].Known, why)
			}
		}
	})
}

func TestWhoSaysSo(t *testing.T) {
	t.Parallel()
	k := Default()
	at := netip.MustParseAddr
	for agent, want := range map[string]string{
		"Mozilla/5.0 (compatible; BarracudaCentral/1.0)":                                                                        Agent,
		"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)":                                                            Agent,
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":                                              Agent,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36":       "",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148":         "",
		"Mozilla/5.0 (Linux; Android 9; CUBOT_NOTE_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36": "",
		"": "",
	} {
		require.Equal(t, want, k.Tell(agent, netip.Addr{}), agent)
	}
	require.Equal(t, Network, k.Tell("", at("64.235.150.1")))
	require.Equal(t, Network, k.Tell("", at("::ffff:209.222.82.1")))
	require.Empty(t, k.Tell("", at("192.0.2.1")))
	for agent, want := range map[string]string{
		"Mozilla/5.0": AppleMPP, "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)": GmailProxy,
		"YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html":                                                                    YahooProxy,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0": GmailPrefetch,
		"Mozilla/5.0 (iPhone)": "", "": "",
	} {
		require.Equal(t, want, Proxy(agent), agent)
	}
}
