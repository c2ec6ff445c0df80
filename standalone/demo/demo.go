package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Options say whose demo it is.
type Options struct {
	URL, Key string    // of the API
	Mails    string    // of the mail catcher
	Leads    int       // how many people are invented; 0 is 300
	Pace     float64   // of all time spans: 0.1 is ten times as fast; 0 is 1
	Out      io.Writer // told in a line that there is a demo
}

const (
	leads    = 300
	arriving = 4 * time.Minute  // in which all are captured
	lasting  = 15 * time.Minute // after which nobody moves any more but by their own clocks
	tooLate  = time.Hour        // what should have been done before then is left undone: the product was off
)

func (o Options) paced(d time.Duration) time.Duration {
	return max(time.Second/10, time.Duration(float64(d)*o.Pace).Round(time.Millisecond))
}

// demo is a market and a sales team at work, one request after the other.
type demo struct {
	Options
	api    *client
	people []*person
	byID   map[string]*person // by lead
	reps   []record.Rep       // who may be offered a lead
	todo   []deed             // what people will do
	desk   desk
	began  time.Time
	next   int                  // who is captured next
	read   map[string]time.Time // mails that were looked at
	every  map[string]time.Time // what is done now and then, by when it was done last
}

// Run plays the demo until its time is over or ctx ends, which is no error. Where others have leads already it does
// nothing at all.
func Run(ctx context.Context, o Options) error {
	d := begin(o)
	err := d.run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func begin(o Options) *demo {
	if o.Leads == 0 {
		o.Leads = leads
	}
	if o.Pace == 0 {
		o.Pace = 1
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	return &demo{
		Options: o, people: people(o.Leads), byID: map[string]*person{}, read: map[string]time.Time{}, every: map[string]time.Time{},
		api:  &client{base: o.URL, key: o.Key, http: &http.Client{Timeout: 30 * time.Second}},
		desk: desk{answers: map[string]*answer{}, turns: map[string]*turn{}, seen: map[string]bool{}},
	}
}

func (d *demo) run(ctx context.Context) error {
	own, foreign, err := d.find(ctx)
	if err != nil {
		return err
	}
	if own == 0 && foreign > 0 {
		_, err = fmt.Fprintln(d.Out, "Demo: left out, as there are other leads already.")
		return err
	}
	if own == 0 {
		if err := d.setUp(ctx); err != nil {
			return err
		}
	}
	if err := d.meetReps(ctx); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(d.Out, "Demo: %d invented leads move through their lives; --no-demo leaves them out.\n", d.Leads); err != nil {
		return err
	}
	return d.play(ctx)
}

// play lets a little time pass, again and again.
func (d *demo) play(ctx context.Context) error {
	d.began = time.Now()
	gap := d.paced(arriving) / time.Duration(d.Leads)
	if err := d.importFile(ctx); err != nil {
		return err
	}
	first := d.next
	end := max(d.paced(lasting), time.Minute) // however fast: a busy machine is not
	for now := d.began; now.Sub(d.began) < end; now = time.Now() {
		due := first + int(now.Sub(d.began)/gap)
		for burst := 0; d.next < len(d.people) && d.next <= due && burst < 5; burst++ {
			if err := d.capture(ctx, d.people[d.next]); err != nil {
				return err
			}
			d.next++
		}
		if err := d.tick(ctx, now); err != nil {
			return err
		}
		if !pause(ctx, d.paced(200*time.Millisecond)) {
			return ctx.Err()
		}
	}
	return nil
}

func (d *demo) tick(ctx context.Context, now time.Time) error {
	if err := d.act(ctx, now); err != nil {
		return err
	}
	for _, look := range []struct {
		what  string
		every time.Duration
		do    func(context.Context, time.Time) error
	}{
		{"inbox", 2 * time.Second, d.sell},
		{"mails", 3 * time.Second, d.readMails},
		{"returns", 5 * time.Second, d.welcomeBack},
		{"file", 3 * time.Second, d.meetImported},
	} {
		if now.Sub(d.every[look.what]) < max(d.paced(look.every), 250*time.Millisecond) {
			continue
		}
		d.every[look.what] = now
		if err := look.do(ctx, now); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) meetReps(ctx context.Context) error {
	all, err := list[record.Rep](ctx, d.api, "/v1/reps?")
	for _, r := range all {
		if r.Active {
			d.reps = append(d.reps, r)
		}
	}
	return err
}
