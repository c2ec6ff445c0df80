package catcher

import (
	"encoding/json"
	"io"
	"net/http"
	"net/smtp"
	"testing"

	"github.com/stretchr/testify/require"
)

const sample = "From: Leadflow <hello@leadflow.example>\r\nTo: ada@person.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6n\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Schön</p><script>alert(1)</script>\r\n--b--\r\n"

func start(t *testing.T, dir string) *Catcher {
	t.Helper()
	c := New(Options{HTTP: "127.0.0.1:0", SMTP: "127.0.0.1:0", Dir: dir})
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Stop(t.Context()) })
	return c
}

func list(t *testing.T, c *Catcher, query string) []Message {
	t.Helper()
	resp, err := http.Get("http://" + c.HTTP() + "/api/messages" + query)
	require.NoError(t, err)
	defer resp.Body.Close()
	var page struct{ Items []Message }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&page))
	require.NotNil(t, page.Items, "an empty list is a list")
	return page.Items
}

func TestCatcher_keepsWhatCame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := start(t, dir)
	require.Empty(t, list(t, c, ""))
	require.NoError(t, smtp.SendMail(c.SMTP(), nil, "bounce+1@leadflow.example", []string{"ada@person.example"}, []byte(sample)))
	require.NoError(t, smtp.SendMail(c.SMTP(), nil, "x@leadflow.example", []string{"bob@person.example"}, []byte("Subject: two\r\n\r\nplain\r\n")))

	got := list(t, c, "?to=ADA@person.example")
	require.Len(t, got, 1)
	require.Equal(t, "Grüße", got[0].Subject)
	require.Equal(t, "bounce+1@leadflow.example", got[0].From)
	require.Equal(t, "ada@person.example", got[0].To)
	require.Equal(t, "Schön", got[0].Text)
	require.Contains(t, got[0].HTML, "<p>Schön</p>")
	require.Equal(t, []string{"Grüße", "two"}, []string{list(t, c, "")[0].Subject, list(t, c, "")[1].Subject}, "oldest first")
	require.Equal(t, "two", list(t, c, "?limit=1")[0].Subject, "a limit keeps the newest")

	resp, err := http.Get("http://" + c.HTTP() + "/?limit=1")
	require.NoError(t, err)
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Contains(t, string(page), "bob@person.example")
	require.NotContains(t, string(page), "ada@person.example", "the page shows the newest")
	require.Contains(t, string(page), "The newest 1 mails")

	again := start(t, dir)
	require.Len(t, list(t, again, ""), 2, "another start finds them again")
	resp, err = http.Get("http://" + again.HTTP() + "/messages/" + got[0].ID + "/html")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Contains(t, resp.Header.Get("Content-Security-Policy"), "sandbox", "a mail's script must not run")

	req, err := http.NewRequest(http.MethodDelete, "http://"+again.HTTP()+"/api/messages", nil)
	require.NoError(t, err)
	resp, err = http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Empty(t, list(t, again, ""))
}

func TestCatcher_refusesWhereTroubleIsWanted(t *testing.T) {
	t.Parallel()
	c := start(t, "")
	require.ErrorContains(t, smtp.SendMail(c.SMTP(), nil, "x@leadflow.example", []string{"a@bounce.example"}, []byte(sample)), "550")
	require.ErrorContains(t, smtp.SendMail(c.SMTP(), nil, "x@leadflow.example", []string{"a@later.example"}, []byte(sample)), "451")
	require.Error(t, smtp.SendMail(c.SMTP(), nil, "x@leadflow.example", []string{"a@lost.example"}, []byte(sample)))
	require.Empty(t, list(t, c, ""))
}
