package main

import (
	"context"
	"fmt"
	"os"

	"github.com/leadflow-dev/leadflow/standalone/demo"
)

// demonstrate fills a new product with invented lives while it runs. What goes wrong there is told once and stops nothing.
// The answer ends it.
func (s *stack) demonstrate(ctx context.Context) (end func()) {
	if s.noDemo {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	o, done := s.demo, make(chan struct{})
	o.URL, o.Key, o.Mails, o.Out = "http://"+loopback(s.ports.app), s.key, "http://"+loopback(s.ports.mail), os.Stdout
	go func() {
		defer close(done)
		defer func() {
			if why := recover(); why != nil {
				s.demoEnded(fmt.Errorf("panic: %v", why))
			}
		}()
		if err := demo.Run(ctx, o); err != nil {
			s.demoEnded(err)
		}
	}()
	return func() { cancel(); <-done }
}

func (s *stack) demoEnded(err error) {
	s.logger().Warn("the demo ended early; everything else goes on", "error", err)
}
