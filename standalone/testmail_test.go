package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A test mail is on its way through ledger and SMTP like any other, and the lead does not know of it.
func TestATestMailReachesAColleagueAndNotTheLead(t *testing.T) {
	d := door{t}
	made := d.post("/v1/sequences", object{"source": "name: trial\nsteps:\n  - id: hello\n    mail:\n      subject: 'For {{ first_name }}'\n      body: |\n" +
		"        Hello {{ first_name }}.\n\n        [Go](https://acme.example/ \"button\")\n"})
	require.Equal(t, "draft", made["state"])
	lead := d.post("/v1/leads", object{"external_id": "trial:1", "source": object{"channel": "web"}, "profile": object{"first_name": "Ada <b>"}})["id"].(string)
	before := d.kinds(lead)
	got := d.post("/v1/sequences/trial/1/preview", object{"lead_id": lead, "send_to": "colleague@trial.example"})
	require.Len(t, got["deliveries"], 1)
	d.eventually("the test mail", func() bool { return len(d.mails("colleague@trial.example")) == 1 })
	mail := d.mails("colleague@trial.example")[0]
	require.Equal(t, "[Test] For Ada <b>", mail["subject"])
	require.Contains(t, mail["html"], "Hello Ada &lt;b&gt;.")
	require.Contains(t, mail["html"], `class="lf-button"`)
	require.Contains(t, mail["text"], "/u/preview")
	id := got["deliveries"].([]any)[0]
	d.eventually("the ledger says sent", func() bool {
		for _, m := range d.get("/v1/mails?state=sent&limit=200&lead_id=" + lead)["items"].([]any) {
			if m.(object)["id"] == id {
				return m.(object)["kind"] == "test"
			}
		}
		return false
	})
	for _, kind := range d.kinds(lead)[len(before):] {
		require.NotContains(t, kind, "mail")
	}
}
