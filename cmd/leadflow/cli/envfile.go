package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// readEnvFile puts the lines KEY=VALUE of a file into the environment, where the variable is not yet set: what is given
// on the spot wins. Empty lines and those that begin with # say nothing; "export " before a key and quotes around a
// value are dropped. No value is shown in an error: it may be a secret.
func readEnvFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return &failure{what: "the environment file cannot be read", why: err.Error(), next: "`make run` prints its data directory; the file in it is leadflow.env", code: ExitUsage}
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		key, value, ok, err := envLine(lines.Text())
		if err != nil {
			return &failure{what: "the environment file cannot be read", why: fmt.Sprintf("%s: line %d: %v", path, n, err), next: "write KEY=VALUE on each line", code: ExitUsage}
		}
		if _, set := os.LookupEnv(key); !ok || set {
			continue
		}
		if err := os.Setenv(key, value); err != nil {
			return &failure{what: "the environment file cannot be used", why: fmt.Sprintf("%s: line %d", path, n), next: "write KEY=VALUE on each line", code: ExitUsage}
		}
	}
	if err := lines.Err(); err != nil {
		return failed("the environment file cannot be read", err, "check "+path)
	}
	return nil
}

func envLine(line string) (key, value string, ok bool, err error) {
	line = strings.TrimSpace(line)
	if line == "" || strings.HasPrefix(line, "#") {
		return "", "", false, nil
	}
	key, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !found || key == "" || strings.ContainsAny(key, " \t\"'") {
		return "", "", false, fmt.Errorf("is not KEY=VALUE")
	}
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	return key, value, true, nil
}
