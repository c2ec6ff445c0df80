package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
	"github.com/leadflow-dev/leadflow/bench/rig"
)

const (
	b6Mails       = 50_000
	b6Connections = 10
)

// letter is a nurture mail whose HTML has about 2 kB beside its frame.
const letter = `
name: letter
entry: {stages: [nurturing]}
exit: [qualified, unsubscribed, replied]
steps:
  - {id: w1, wait: 30d}
  - id: letter
    mail:
      subject: "{{ first_name | default: 'Hello' }}, how teams like {{ company | default: 'yours' }} qualify leads"
      preheader: What the best of them do before sales hears of a lead
      body: |
        Hello {{ first_name | default: "there" }},

        thank you for your interest. We have looked at how teams of about {{ company_size | default: "a hundred" }} people in
        {{ industry | default: "your industry" }} find out which of their leads are ready to buy, and which need some more time.

        **Three things stand out.** They agree on *one* definition of a lead that is qualified, and sales signs it. They answer
        within the hour, for interest cools down fast. And they take back what they learned: a lead that was lost for its timing
        is not lost.

        * Start with [our guide]({{ links.guide }}), which has a checklist for the first week.
        * Compare [the plans]({{ links.pricing }}) with what you have today.
        * See what others did: [a case from {{ industry | default: "practice" }}]({{ links.case }}).

        {% if title %}As {{ title }} you may like the part about hand-overs: who is told what, when, and what happens when nobody
        answers. It is what most of our customers change first.{% else %}The part about hand-overs is what most of our customers
        change first: who is told what, when, and what happens when nobody answers.{% endif %}

        > We halved the time to the first answer within a month. It was not the tool, it was that everybody could see the clock.

        If you would rather talk, [choose a time]({{ links.demo }}) and somebody who knows your field will call you. There is
        nothing to prepare, and half an hour is enough to see whether this is for {{ company | default: "you" }}.

        With kind regards from all of us,

        the team
`

// b6 sends due nurture mails, composed, signed and with every state in the ledger, against the same bytes sent bare to the
// same mail server.
func b6(ctx context.Context, b *bench) ([]measure.Result, error) {
	h, err := b.newHouse(ctx, letter)
	if err != nil {
		return nil, err
	}
	defer h.close()
	h.worker.Stop()
	m := &mailing{house: h, n: b.size(b6Mails, 500)}
	if m.sink, err = rig.NewSink(); err != nil {
		return nil, err
	}
	defer m.sink.Close()
	if err := h.product.Seed(ctx, m.n); err != nil {
		return nil, err
	}
	var out []measure.Result
	for _, v := range m.variants() {
		results, err := m.compare(ctx, v)
		if err != nil {
			return out, err
		}
		out = append(out, results...)
	}
	return out, nil
}

// mailing is what the mails of one run go through.
type mailing struct {
	*house
	sink *rig.Sink
	n    int
	made int // runs

	commits float64 // of Postgres for a mail, in the last run
}

// signed is a way to sign, and what it is held against.
type signed struct {
	name   string
	key    crypto.Signer // nil: not signed
	target float64
}

func (m *mailing) variants() []signed {
	_, short, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // the system has no randomness
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return []signed{{"no DKIM", nil, 0.35}, {"DKIM with Ed25519", short, 0.35}, {"DKIM with RSA-2048", long, 0.6}}
}

// compare measures a way to sign. What RSA takes is not ours to change: the bare side makes as many signatures.
func (m *mailing) compare(ctx context.Context, v signed) ([]measure.Result, error) {
	worker, err := m.begin(ctx, v)
	if err != nil {
		return nil, err
	}
	defer worker.Stop()
	m.sink.Forget()
	bare := measure.Side{Name: "bare SMTP", Unit: "mails/s", Measure: m.bare(nil)}
	if _, ok := v.key.(*rsa.PrivateKey); ok {
		bare = measure.Side{Name: "bare SMTP and one RSA-2048 signature a mail", Unit: "mails/s", Measure: m.bare(v.key)}
	}
	ours := measure.Side{Name: v.name, Unit: "mails/s", Measure: m.ours}
	samples, err := m.inTurn(ctx, m.pairs, ours, bare)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("%d due nurture mails of %d bytes, composed, in the ledger, over %d connections: %s", m.n, len(m.sink.Mails()[0]), b6Connections, v.name)
	r := measure.Compare("B6", what, measure.AtLeast(v.target), ours, bare, samples[0], samples[1])
	peak, err := worker.Peak()
	r.Notes = append(r.Notes, fmt.Sprintf("The worker held %.0f MB at most (target: 200); Postgres committed %.2f transactions for a mail.", peak/1e6, m.commits))
	return []measure.Result{r}, err
}

func (m *mailing) begin(ctx context.Context, v signed) (*rig.Program, error) {
	env := []string{
		"LEADFLOW_SMTP_ADDRESS=" + m.sink.Address, "LEADFLOW_MAIL_ALLOW=*", "LEADFLOW_MAIL_FROM=Bench <hello@bench.example>",
		"LEADFLOW_MAIL_LINKS=guide=https://acme.example/guide,pricing=https://acme.example/pricing,case=https://acme.example/case,demo=https://acme.example/demo",
		fmt.Sprintf("LEADFLOW_MAIL_SENDERS=%d", b6Connections),
	}
	if v.key != nil {
		der, err := x509.MarshalPKCS8PrivateKey(v.key)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(m.rig.Dir, "dkim.pem")
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
			return nil, err
		}
		env = append(env, "LEADFLOW_MAIL_DKIM=bench="+path)
	}
	return m.product.Work(ctx, env...)
}

// Ids are as the product makes them: they sort by time.
const sqlQueueLetters = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, sequence, sequence_version, step, payload, not_before)
SELECT ('0198' || lpad(to_hex($1::int), 4, '0') || '-0000-7000-8000-' || lpad(to_hex(row_number() OVER ()), 12, '0'))::uuid,
	l.id || '/1/mail/letter@' || q.version || '/' || $1::int, 'bulk', 'mail', 'nurture', l.id, l.cycle, q.name, q.version, 'letter',
	jsonb_build_object('command', l.id || '/1/mail/letter'), now() - interval '1 hour' + row_number() OVER () * interval '1 millisecond'
FROM leads l, sequences q WHERE q.name = 'letter' AND l.email LIKE 'person%'`

// ours queues the mails while the lane is held, lets them go and waits until the mail server has them all.
func (m *mailing) ours(ctx context.Context) (measure.Sample, error) {
	m.made++
	if _, err := m.post(ctx, "/v1/lanes/bulk/hold", rig.Object{}); err != nil {
		return measure.Sample{}, err
	}
	if err := m.queue(ctx); err != nil {
		return measure.Sample{}, err
	}
	if err := m.rig.Settle(ctx); err != nil {
		return measure.Sample{}, err
	}
	commits, err := m.committed(ctx)
	if err != nil {
		return measure.Sample{}, err
	}
	before, used, began := m.sink.Taken(), m.rig.CPU(), time.Now()
	if _, err := m.post(ctx, "/v1/lanes/bulk/release", rig.Object{}); err != nil {
		return measure.Sample{}, err
	}
	if err := m.sink.Await(ctx, before+m.n); err != nil {
		return measure.Sample{}, err
	}
	s := measure.Sample{Units: float64(m.n), Seconds: time.Since(began).Seconds(), CPU: load.Less(m.rig.CPU(), used)}.Rate()
	after, err := m.committed(ctx)
	m.commits = (after - commits) / float64(m.n)
	return s, err
}

const sqlCommitted = `SELECT xact_commit::float8 FROM pg_stat_database WHERE datname = current_database()`

// committed is how many transactions Postgres has committed; it tells of them a second late.
func (m *mailing) committed(ctx context.Context) (n float64, err error) {
	select {
	case <-time.After(1100 * time.Millisecond):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	err = m.pool.QueryRow(ctx, sqlCommitted).Scan(&n)
	return n, err
}

func (m *mailing) queue(ctx context.Context) error {
	if _, err := m.pool.Exec(ctx, sqlQueueLetters, m.made); err != nil {
		return err
	}
	_, err := m.pool.Exec(ctx, "VACUUM (ANALYZE) deliveries")
	return err
}

// bare sends what the sink has kept, over as many connections, with a signature for each mail where a key is given.
func (m *mailing) bare(key crypto.Signer) func(context.Context) (measure.Sample, error) {
	return func(ctx context.Context) (measure.Sample, error) {
		if err := m.rig.Settle(ctx); err != nil {
			return measure.Sample{}, err
		}
		mails := m.sink.Mails()
		if len(mails) == 0 {
			return measure.Sample{}, fmt.Errorf("there is no mail to send again")
		}
		var next atomic.Int64
		used, began := m.rig.CPU(), time.Now()
		var g errgroup.Group
		for range b6Connections {
			g.Go(func() error { return m.send(ctx, mails, &next, key) })
		}
		if err := g.Wait(); err != nil {
			return measure.Sample{}, err
		}
		return measure.Sample{Units: float64(m.n), Seconds: time.Since(began).Seconds(), CPU: load.Less(m.rig.CPU(), used)}.Rate(), nil
	}
}

func (m *mailing) send(ctx context.Context, mails [][]byte, next *atomic.Int64, key crypto.Signer) error {
	c, err := smtp.Dial(m.sink.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := next.Add(1); i <= int64(m.n) && ctx.Err() == nil; i = next.Add(1) {
		raw := mails[int(i)%len(mails)]
		if key != nil {
			hash := sha256.Sum256(raw)
			if _, err := key.Sign(rand.Reader, hash[:], crypto.SHA256); err != nil {
				return err
			}
		}
		if err := handOver(c, raw); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func handOver(c *smtp.Client, raw []byte) error {
	if err := c.Mail("hello@bench.example", nil); err != nil {
		return err
	}
	if err := c.Rcpt("person@bench.example", nil); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	return w.Close()
}
