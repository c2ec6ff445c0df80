package load

import (
	"bytes"
	"fmt"
)

// Taken is what an answer to POST /v1/events says.
type Taken struct{ Accepted, Duplicates int }

// ReadTaken reads an answer; an error when it is not 202, or when anything was rejected.
func ReadTaken(status int, body []byte, events int) (Taken, error) {
	if status != 202 {
		return Taken{}, fmt.Errorf("POST /v1/events answered %d: %.300s", status, body)
	}
	t := Taken{number(body, `"accepted":`), number(body, `"duplicates":`)}
	if t.Accepted+t.Duplicates != events {
		return t, fmt.Errorf("of %d events %d were accepted and %d were duplicates: %.300s", events, t.Accepted, t.Duplicates, body)
	}
	return t, nil
}

// number is the count that follows a name; 0 when it does not stand there.
func number(body []byte, name string) int {
	_, rest, _ := bytes.Cut(body, []byte(name))
	n := 0
	for _, c := range bytes.TrimLeft(rest, " ") {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n
}
