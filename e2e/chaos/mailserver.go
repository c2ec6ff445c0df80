package chaos

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// envMailServer makes of the test's own binary a mail server, as a process that can be killed: the port, and where it
// notes what it took.
const (
	envMailServer = "LEADFLOW_CHAOS_MAILSERVER"
	mailServerArg = "-test.run=^TestMailServer$"
)

// MailServer is a mail server that notes every mail it takes before it says so: a mail is delivered once its line is
// there, whether or not its sender ever hears of it.
type MailServer struct {
	Part
	file string
}

// openMailServer starts it, with a mail taking so long on the average.
func (h *House) openMailServer(port int, takes time.Duration) (*MailServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	m := &MailServer{file: filepath.Join(h.dir, "delivered")}
	m.Part, err = h.launch("smtp", self, func(ctx context.Context) error { return dial(ctx, port) },
		map[string]string{envMailServer: fmt.Sprintf("%d %d %s", port, takes.Milliseconds(), m.file)}, mailServerArg)
	return m, err
}

// Delivered is how often each Message-ID was taken.
func (m *MailServer) Delivered() (map[string]int, error) {
	raw, err := os.ReadFile(m.file)
	out := map[string]int{}
	for line := range strings.Lines(string(raw)) {
		out[strings.TrimSpace(line)]++
	}
	return out, err
}

// serveMail is that process.
func serveMail(what string) error {
	fields := strings.SplitN(what, " ", 3)
	takes, err := strconv.Atoi(fields[1])
	if err != nil {
		return err
	}
	notes, err := os.OpenFile(fields[2], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", fields[0]))
	if err != nil {
		return err
	}
	office := &office{notes: notes, takes: time.Duration(takes) * time.Millisecond}
	return smtp.NewServer(office).Serve(listener)
}

type office struct {
	notes *os.File
	takes time.Duration
}

func (o *office) NewSession(*smtp.Conn) (smtp.Session, error) { return counter{o}, nil }

// pause is up to twice a share of what a mail takes.
func (o *office) pause(share float64) {
	<-time.After(time.Duration(2 * share * rand.Float64() * float64(o.takes)))
}

type counter struct{ office *office }

func (counter) Mail(string, *smtp.MailOptions) error { return nil }
func (counter) Reset()                               {}
func (counter) Logout() error                        { return nil }

func (c counter) Rcpt(string, *smtp.RcptOptions) error {
	c.office.pause(0.2)
	return nil
}

// Data takes its time at every point at which somebody may be killed: before the mail is read, before it is noted, and
// before its sender is told.
func (c counter) Data(r io.Reader) error {
	c.office.pause(0.2)
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	c.office.pause(0.3)
	if _, err := c.office.notes.WriteString(m.Header.Get("Message-Id") + "\n"); err != nil { // one write: a line is whole or not there
		return err
	}
	c.office.pause(0.3)
	return nil
}
