package mail

import (
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-smtp"
)

// login authenticates with PLAIN where the server offers it, else with LOGIN.
func login(client *smtp.Client, user, password string) error {
	switch {
	case client.SupportsAuth("PLAIN"):
		return client.Auth(&plainAuth{user, password})
	case client.SupportsAuth("LOGIN"):
		return client.Auth(&loginAuth{user: user, password: password})
	}
	return errors.New("the mail server offers neither AUTH PLAIN nor AUTH LOGIN: use TLS, or remove the user name from the settings")
}

// plainAuth is AUTH PLAIN (RFC 4616).
type plainAuth struct{ user, password string }

func (a *plainAuth) Start() (string, []byte, error) {
	return "PLAIN", []byte("\x00" + a.user + "\x00" + a.password), nil
}

func (a *plainAuth) Next([]byte) ([]byte, error) {
	return nil, errors.New("the mail server asked again after AUTH PLAIN")
}

// loginAuth is AUTH LOGIN: obsolete, and the only one some servers know.
type loginAuth struct {
	user, password string
	step           int
}

func (a *loginAuth) Start() (string, []byte, error) { return "LOGIN", nil, nil }

func (a *loginAuth) Next(challenge []byte) ([]byte, error) {
	a.step++
	question := strings.ToLower(string(challenge))
	switch {
	case a.step == 1 && !strings.Contains(question, "password"):
		return []byte(a.user), nil
	case a.step <= 2:
		return []byte(a.password), nil
	}
	return nil, fmt.Errorf("the mail server asked %d questions after AUTH LOGIN", a.step)
}
