package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/leadflow-dev/leadflow/postgres"
	"github.com/leadflow-dev/leadflow/postgres/freeport"
	"github.com/leadflow-dev/leadflow/standalone/demo"
)

// options are the flags of the standalone product.
type options struct {
	data      string
	dataGiven bool
	ephemeral bool
	noDemo    bool
	verbose   bool
	only      string // one part alone; empty: the whole product

	postgresURL string // where that part's databases are
	ports       ports
	demo        demo.Options // how fast and how many; nothing: as people see it
}

// ports by what listens there. Zero is any free one.
type ports struct {
	app, temporal, ui, mail, smtp, inbound, postgres, metrics int
}

var defaults = ports{app: 8080, temporal: 7233, ui: 8233, mail: 8025, smtp: 1025, inbound: 2525, postgres: 5433, metrics: 9464}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("leadflow-standalone", flag.ContinueOnError)
	f.SetOutput(out)
	f.Usage = func() {
		fmt.Fprint(out, "leadflow-standalone runs the whole product in one process, on loopback.\n\nFlags:\n")
		f.PrintDefaults()
	}
	f.StringVar(&o.data, "data", "data", "`directory` of all data; a second run finds it again")
	f.BoolVar(&o.ephemeral, "ephemeral", false, "keep the data in a temporary directory and throw it away at the end")
	f.BoolVar(&o.noDemo, "no-demo", false, "leave the invented leads out, who move through their lives in the first minutes")
	f.BoolVar(&o.verbose, "verbose", false, "log what happens inside")
	f.IntVar(&o.ports.app, "port", defaults.app, "`port` of the API; 0 takes any free port for everything that has no flag of its own")
	f.IntVar(&o.ports.temporal, "temporal-port", defaults.temporal, "`port` of Temporal")
	f.IntVar(&o.ports.ui, "ui-port", defaults.ui, "`port` of the Temporal UI")
	f.IntVar(&o.ports.mail, "mail-port", defaults.mail, "`port` of the mail catcher's pages")
	f.IntVar(&o.ports.smtp, "smtp-port", defaults.smtp, "`port` of the mail catcher's SMTP")
	f.IntVar(&o.ports.inbound, "inbound-port", defaults.inbound, "`port` that takes bounces, complaints and answers by SMTP")
	f.IntVar(&o.ports.postgres, "postgres-port", defaults.postgres, "`port` of Postgres")
	f.IntVar(&o.ports.metrics, "metrics-port", defaults.metrics, "`port` of the metrics")
	f.StringVar(&o.only, "only", "", "run one `part` alone: temporal, on the Postgres of --postgres, on --temporal-port, with a UI where --ui-port is given")
	f.StringVar(&o.postgresURL, "postgres", "", "`URL` of a Postgres that runs already; with --only")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q; flags begin with --", f.Arg(0))
	}
	given := map[string]bool{}
	f.Visit(func(fl *flag.Flag) { given[fl.Name] = true })
	o.dataGiven = given["data"]
	if o.ports.app == 0 {
		for name, p := range o.ports.named() {
			if !given[name] {
				*p = 0
			}
		}
	}
	if err := o.checkOnly(); err != nil {
		return o, err
	}
	if o.only == "" {
		return o, o.ports.claim("port", "temporal-port", "ui-port", "mail-port", "smtp-port", "inbound-port", "postgres-port", "metrics-port")
	}
	if !given["ui-port"] {
		o.ports.ui = 0
		return o, o.ports.claim("temporal-port")
	}
	return o, o.ports.claim("temporal-port", "ui-port")
}

// named pairs each port with the flag that changes it.
func (p *ports) named() map[string]*int {
	return map[string]*int{
		"port": &p.app, "temporal-port": &p.temporal, "ui-port": &p.ui, "mail-port": &p.mail, "smtp-port": &p.smtp, "inbound-port": &p.inbound,
		"postgres-port": &p.postgres, "metrics-port": &p.metrics,
	}
}

// claim checks that the named ports are free before anything starts, and chooses the free ones. Taken ports are named
// all at once, each with the flag that changes it.
func (p *ports) claim(names ...string) error {
	var errs []error
	for _, name := range names {
		port := p.named()[name]
		if *port == 0 {
			free, err := freeport.One()
			if err != nil {
				return err
			}
			*port = free
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(*port)))
		if err != nil {
			if errors.Is(err, syscall.EADDRINUSE) {
				err = fmt.Errorf("port %d is taken: stop what listens there, or choose another with --%s (--port 0 takes any)", *port, name)
			}
			errs = append(errs, err)
			continue
		}
		defer l.Close() // only at the end, or one number given twice would pass
	}
	return errors.Join(errs...)
}

// place is where the data lives, and what becomes of it at the end.
func (o options) place(talk io.Writer) (dir string, cleanup func(), err error) {
	if o.ephemeral {
		top, remove, err := postgres.Ephemeral("leadflow-")
		return filepath.Join(top, "data"), remove, err
	}
	if dir, err = filepath.Abs(o.data); err != nil {
		return "", nil, err
	}
	if why := postgres.Reachable(dir); why != nil && !o.dataGiven && os.Geteuid() == 0 {
		fmt.Fprintf(talk, "The data goes to %s: %v\n", fallback, why)
		dir = fallback
	}
	return dir, func() {}, nil
}

// fallback is where root's data goes when the server's account cannot reach the directory we are in.
const fallback = "/var/lib/leadflow"
