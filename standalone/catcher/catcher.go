package catcher

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/emersion/go-smtp"
)

// Options say where a catcher listens, and where it keeps its mails.
type Options struct {
	HTTP, SMTP string // addresses, host:port; port 0 takes any
	Dir        string // empty: in memory only
	Answers    string // the SMTP server that takes bounces, complaints and answers; empty: nothing does
}

// Catcher is a running mail catcher.
type Catcher struct {
	options Options
	box     *box
	smtp    *smtp.Server
	http    *http.Server
	smtpAt  net.Addr
	httpAt  net.Addr
}

// New makes a catcher; Start starts it.
func New(o Options) *Catcher { return &Catcher{options: o} }

// Start listens on both addresses. A taken one is an error.
func (c *Catcher) Start() error {
	var err error
	if c.box, err = openBox(c.options.Dir); err != nil {
		return fmt.Errorf("the mails kept before: %w", err)
	}
	mails, err := net.Listen("tcp", c.options.SMTP)
	if err != nil {
		return err
	}
	pages, err := net.Listen("tcp", c.options.HTTP)
	if err != nil {
		return errors.Join(err, mails.Close())
	}
	c.smtpAt, c.httpAt = mails.Addr(), pages.Addr()
	c.smtp = smtp.NewServer(backend{c.box})
	c.smtp.Domain, c.smtp.AllowInsecureAuth = "localhost", true
	c.smtp.MaxMessageBytes, c.smtp.MaxRecipients = 32<<20, 100
	c.smtp.ReadTimeout, c.smtp.WriteTimeout = time.Minute, time.Minute
	c.http = &http.Server{Handler: c.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = c.smtp.Serve(mails) }()
	go func() { _ = c.http.Serve(pages) }()
	return nil
}

// SMTP is where mail is taken.
func (c *Catcher) SMTP() string { return c.smtpAt.String() }

// HTTP is where the pages are.
func (c *Catcher) HTTP() string { return c.httpAt.String() }

// Stop ends both.
func (c *Catcher) Stop(ctx context.Context) error {
	if c.smtp == nil {
		return nil
	}
	return errors.Join(c.smtp.Shutdown(ctx), c.http.Shutdown(ctx))
}
