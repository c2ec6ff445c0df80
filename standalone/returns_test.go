package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// forBack captures somebody who is erased when the test ends: what lives on would be counted by tests that count.
func (d door) forBack(name string) string {
	d.t.Helper()
	id := d.capture(name)
	d.t.Cleanup(func() { door{d.t}.erase(id) })
	return id
}

func (d door) erase(id string) {
	req, err := http.NewRequest(http.MethodDelete, "http://"+loopback(product.ports.app)+"/v1/leads/"+id, nil) // the test's context has ended
	require.NoError(d.t, err)
	req.Header.Set("Authorization", "Bearer "+product.key)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.t, err)
	require.NoError(d.t, resp.Body.Close())
	require.Equal(d.t, http.StatusNoContent, resp.StatusCode)
}

// press presses a button of the mail catcher.
func (d door) press(mail object, answer string, form url.Values) {
	d.t.Helper()
	resp, err := http.PostForm("http://"+loopback(product.ports.mail)+"/api/messages/"+mail["id"].(string)+"/"+answer, form)
	require.NoError(d.t, err)
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	require.Equal(d.t, http.StatusNoContent, resp.StatusCode, "%s", said)
}

// nthMail waits for the n-th mail of a sequence.
func (d door) nthMail(name string, n int) object {
	d.t.Helper()
	var all []object
	d.eventually("a mail", func() bool {
		all = d.mails(strings.ToLower(name) + "@person.example")
		return len(all) >= n
	})
	return all[n-1]
}

func (d door) suppressedAs(name string) string {
	d.t.Helper()
	for _, s := range d.get("/v1/suppressions?limit=200")["items"].([]any) {
		if s.(object)["email"] == strings.ToLower(name)+"@person.example" {
			return s.(object)["reason"].(string)
		}
	}
	return ""
}

func (d door) whys(id string) string {
	d.t.Helper()
	var out []string
	for _, i := range d.get("/v1/leads/" + id + "/timeline?limit=200")["items"].([]any) {
		why, _ := i.(object)["why"].(string)
		out = append(out, i.(object)["kind"].(string)+" "+why)
	}
	return strings.Join(out, "\n")
}

// A mail bounces by the catcher's button: its address is suppressed when the button answers, the timeline says so, the run
// hears of it, and no further mail goes out.
func TestBack_aBounce(t *testing.T) {
	d, _ := fast(t)
	id := d.forBack("Berta")
	mail := d.nthMail("Berta", 1)
	require.Regexp(t, `^bounce\+[a-z2-7]{47}@back\.leadflow\.example$`, mail["from"])
	d.press(mail, "bounce", nil)
	require.Equal(t, "hard_bounce", d.suppressedAs("Berta"))
	require.Contains(t, d.kinds(id), "mail_bounce")
	d.eventually("the run hears of it", func() bool { return strings.Contains(d.whys(id), "bounced hard_bounce") })
	n := len(d.mails("berta@person.example"))
	d.awaitStage(id, "dormant") // the sequence would have been over long before
	require.LessOrEqual(t, len(d.mails("berta@person.example")), n)
	d.press(mail, "bounce", nil)
	require.Equal(t, 1, strings.Count(d.whys(id), "mail_bounce"), "the same again changes nothing")
}

func TestBack_aComplaint(t *testing.T) {
	d, _ := fast(t)
	id := d.forBack("Clara")
	d.press(d.nthMail("Clara", 1), "complain", nil)
	require.Equal(t, "complaint", d.suppressedAs("Clara"))
	require.Contains(t, d.kinds(id), "mail_complaint")
	d.eventually("the run hears of it", func() bool { return strings.Contains(d.whys(id), "complained by_the_person") })
}

// Three mails that cannot be delivered for now are one that never can.
func TestBack_softBounces(t *testing.T) {
	d, _ := fast(t)
	id := d.forBack("Dora")
	for n := range 3 {
		require.Empty(t, d.suppressedAs("Dora"))
		d.press(d.nthMail("Dora", n+1), "bounce", url.Values{"kind": {"soft"}})
	}
	require.Equal(t, "hard_bounce", d.suppressedAs("Dora"))
	require.Equal(t, 2, strings.Count(d.whys(id), "mail_bounce soft"))
	d.eventually("the run hears of it", func() bool { return strings.Contains(d.whys(id), "bounced hard_bounce") })
}

// An answer ends the sequence and is handed to sales.
func TestBack_anAnswer(t *testing.T) {
	d, _ := fast(t)
	id := d.forBack("Emma")
	d.press(d.nthMail("Emma", 1), "away", nil)
	second := d.nthMail("Emma", 2) // what her machine answered ended nothing
	require.NotContains(t, d.whys(id), "mail_reply")
	d.press(second, "reply", url.Values{"text": {"Call me about lot 49.\n\nOn Thu, Nov 26, 2026 at 9:00 AM Demo wrote:\n> Hello"}})
	d.eventually("the sequence ends", func() bool { return strings.Contains(d.whys(id), "sequence_done:exit:replied") })
	var told object
	d.eventually("sales are told", func() bool {
		for _, m := range d.mails("mona@sales.example") {
			if m["headers"].(object)["X-Leadflow-Kind"] == "reply" && m["headers"].(object)["X-Leadflow-Lead"] == id {
				told = m
			}
		}
		return told != nil
	})
	require.Contains(t, told["text"], "Call me about lot 49.")
	require.NotContains(t, told["text"], "Demo wrote")
	require.Empty(t, d.suppressedAs("Emma"))
	require.NotContains(t, history(t, temporalClient(t), id), "lot 49", "nobody's words are in Temporal")
	n := len(d.mails("emma@person.example"))
	d.awaitStage(id, "dormant")
	require.LessOrEqual(t, len(d.mails("emma@person.example")), n)
}
