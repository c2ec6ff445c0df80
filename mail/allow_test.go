package mail

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAllow(t *testing.T) {
	t.Parallel()
	for patterns, want := range map[string][2][]string{ // allowed, not allowed
		"":                            {nil, {"ada@example.com", "a@x"}},
		"*":                           {{"ada@example.com", "x@y.example"}, {"nobody"}},
		"*@example.com":               {{"ada@example.com", "ADA@Example.COM", `"a@b"@example.com`}, {"ada@sub.example.com", "ada@example.com.evil.example", "ada@badexample.com", "example.com"}},
		"*@*.example.com":             {{"ada@sub.example.com", "ada@a.b.example.com"}, {"ada@example.com", "ada@badexample.com"}},
		"ada@example.com":             {{"Ada@example.com"}, {"ada+tag@example.com", "xada@example.com", "ada@example.com.evil.example", "ada@example.com.", "ada@evil.example@example.org"}},
		"*@bücher.example":            {{"ada@xn--bcher-kva.example", "ada@bücher.example", "ada@BÜCHER.example"}, {"ada@bucher.example"}},
		"*@*.com":                     {{"ada@example.com"}, {"ada@com", "ada@example.com.evil.example"}},
		" ada@example.com , *@b.test": {{"ada@example.com", "bob@b.test"}, {"bob@example.com"}},
	} {
		a, err := ReadAllow(patterns)
		require.NoError(t, err, patterns)
		for _, address := range want[0] {
			require.True(t, a.Allows(address), "%q allows %s", patterns, address)
		}
		for _, address := range want[1] {
			require.False(t, a.Allows(address), "%q does not allow %s", patterns, address)
		}
	}
	for _, wrong := range []string{"example.com", "@example.com", "*@", "a*@example.com", "*@exa*ple.com", "*@*.", "**"} {
		_, err := ReadAllow(wrong)
		require.Error(t, err, wrong)
	}
}
