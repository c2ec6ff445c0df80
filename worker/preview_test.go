package worker_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/worker"
)

const greeting = `{"name": "s", "steps": [{"id": "a", "mail": {"subject": "Hi {{ first_name }}", "preheader": "p",
	"body": "Hello {{ first_name }}, [see]({{ links.product }}) or [choose]({{ links.preferences }}) what you get. [nowhere](x.html)"}}]}`

func greeted() record.Lead {
	to := "ada@person.example"
	return record.Lead{ID: someLead, Email: &to, Profile: map[string]any{"first_name": "Ada"}}
}

// What is previewed is what is sent, but for the links that are the lead's own.
func TestPreview_isTheMailThatIsSentWithInertLinks(t *testing.T) {
	t.Parallel()
	l := letters(t, func(h *worker.House) { h.Links = map[string]string{"product": "https://acme.example/p"} })
	lead := greeted()
	d := record.Delivery{ID: someLead, Kind: "nurture", Step: "a", LeadID: someLead, To: *lead.Email, CreatedAt: time.Unix(1, 0), Document: json.RawMessage(greeting), Lead: &lead}
	tracked, err := l.Compose(d)
	require.NoError(t, err)
	require.Contains(t, tracked.HTML, "/t/o/")
	lead.Untracked = true
	sent, err := l.Compose(d)
	require.NoError(t, err)

	lead.Untracked = false
	p := l.Preview(json.RawMessage(greeting), "a", lead, true)
	require.NotContains(t, p.HTML+p.Text, "/t/", "nobody hears that it was looked at")
	html, text := sent.HTML, sent.Text
	for door, purpose := range map[string]token.Purpose{"/u/": token.Unsubscribe, "/p/": token.Preferences} {
		start := strings.Index(sent.HTML, door) + len(door)
		real := sent.HTML[start : start+strings.IndexByte(sent.HTML[start:], '"')]
		_, err = l.Tokens.Verify(purpose, real, time.Now())
		require.NoError(t, err, "the mail that is sent acts for the lead")
		require.NotContains(t, p.Raw+p.HTML+p.Text, real, "nothing in a preview acts for the lead")
		html, text = strings.ReplaceAll(html, real, "preview"), strings.ReplaceAll(text, real, "preview")
	}
	require.Equal(t, html, p.HTML)
	require.Equal(t, text, p.Text)
	require.Equal(t, sent.Subject, p.Subject)
	require.Equal(t, len(p.Raw), p.Size)
	_, err = l.Tokens.Verify(token.Unsubscribe, "preview", time.Now())
	require.Error(t, err)
	require.Equal(t, []string{"link_address"}, codesOf(p))
	require.Empty(t, l.Preview(json.RawMessage(greeting), "a", lead, false).Raw)
}

func codesOf(p record.MailPreview) (out []string) {
	for _, f := range p.Findings {
		out = append(out, f.Code)
	}
	return out
}

func TestTestMail_saysThatItIsOneAndIsInert(t *testing.T) {
	t.Parallel()
	lead := greeted()
	r, err := letters(t, nil).Compose(record.Delivery{ID: someLead, Kind: record.KindTest, Step: "a", LeadID: someLead, To: "zoe@acme.example", CreatedAt: time.Unix(1, 0), Document: json.RawMessage(greeting), Lead: &lead})
	require.NoError(t, err)
	require.Equal(t, "[Test] Hi Ada", r.Subject)
	require.Equal(t, "zoe@acme.example", r.EnvelopeTo)
	require.NotContains(t, string(r.Raw), "ada@person.example")
	require.Equal(t, strings.Count(r.HTML, "/u/"), strings.Count(r.HTML, "/u/preview"))
	require.Contains(t, string(r.Raw), "List-Unsubscribe: <https://leads.acme.example/u/preview>")
}

func TestPreview_ofALeadWithoutAnAddressAndOfWhatCannotBeComposed(t *testing.T) {
	t.Parallel()
	lead := greeted()
	lead.Email = nil
	require.Contains(t, letters(t, nil).Preview(json.RawMessage(greeting), "a", lead, false).HTML, "Hello Ada")
	lead.Profile = nil
	empty := `{"name": "s", "steps": [{"id": "a", "mail": {"subject": "{{ first_name }}", "body": "x"}}]}`
	p := letters(t, nil).Preview(json.RawMessage(empty), "a", lead, false)
	require.Equal(t, []string{"not_composable"}, codesOf(p))
	require.Contains(t, p.Findings[0].Detail, "the subject is empty")
	require.NotNil(t, p.Headers)
	homeless := letters(t, func(h *worker.House) { h.Postal = " " })
	require.Error(t, homeless.Refuses())
	require.Contains(t, codesOf(homeless.Preview(json.RawMessage(greeting), "a", greeted(), false)), "no_postal")
	require.Equal(t, " ", homeless.House.Postal)
}

func TestCheckSequence_namesThePlaceOfWhatCouldNotBeShown(t *testing.T) {
	t.Parallel()
	problems := letters(t, nil).CheckSequence(sequence.Sequence{Steps: []sequence.Step{{ID: "w", Wait: 1}, {ID: "a", Mail: &sequence.Mail{Body: "![](https://a.example/i.png) [x](y)"}}}})
	require.Len(t, problems, 1, "a link that is left out is told in the preview")
	require.Equal(t, "steps[1].mail.body", problems[0].Path)
	require.Contains(t, problems[0].Message, "no alt text")
}

// What Leadflow comes with is an example: it shows nothing that an author should look at.
func TestPreview_ofTheDefaultSequenceFindsNothing(t *testing.T) {
	t.Parallel()
	doc, err := document.ParseSequence(document.DefaultSequence)
	require.NoError(t, err)
	raw, err := json.Marshal(doc)
	require.NoError(t, err)
	links := map[string]string{}
	for _, name := range []string{"product", "guide", "demo", "pricing", "case"} {
		links[name] = "https://acme.example/" + name
	}
	l := letters(t, func(h *worker.House) { h.Links = links })
	mails := 0
	for _, lead := range []record.Lead{greeted(), {ID: someLead}} {
		for _, step := range doc.Steps {
			if step.Mail != nil {
				mails++
				require.Empty(t, l.Preview(raw, step.ID, lead, false).Findings, step.ID)
			}
		}
	}
	require.NotZero(t, mails)
}
