package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Result is what became of one attempt.
type Result string

// The results.
const (
	Delivered Result = "delivered" // 2xx
	Retry     Result = "retry"     // try again by the schedule
	Refused   Result = "refused"   // trying again is useless until somebody changes the endpoint
	Gone      Result = "gone"      // 410: the receiver wants no more; disable the endpoint
)

// Answer is the end of one attempt.
type Answer struct {
	Result     Result
	Status     int           // 0 when there was no answer
	RetryAfter time.Duration // what the receiver asked for, at most a day; 0 when it did not
	Took       time.Duration
	Err        error // nil when delivered; holds neither body nor path nor query
}

// Options of a Poster. Zero values take the default named beside them.
type Options struct {
	Guard     Guard
	PlainHTTP bool          // allow http:// too; otherwise only to networks the Guard allows by name
	Timeout   time.Duration // of the whole attempt; 15 s
	MaxAnswer int64         // bytes of the answer that are read before the connection is given up; 64 kB
	UserAgent string        // "Leadflow"
	Now       func() time.Time
	// Transport replaces the connection for tests of other rooms; the Guard is then theirs to apply.
	Transport http.RoundTripper
}

// Poster posts webhooks. It is safe for concurrent use.
type Poster struct {
	options Options
	client  *http.Client
}

// NewPoster makes a Poster. It uses no proxy of the environment: the guard would see the proxy's address only.
func NewPoster(o Options) *Poster {
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.MaxAnswer == 0 {
		o.MaxAnswer = 64 << 10
	}
	if o.UserAgent == "" {
		o.UserAgent = "Leadflow"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second, Control: o.Guard.Control}).DialContext,
			TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: o.Timeout, MaxResponseHeaderBytes: 32 << 10,
			MaxIdleConns: 50, MaxIdleConnsPerHost: 2, IdleConnTimeout: 60 * time.Second, ForceAttemptHTTP2: true,
		}
	}
	return &Poster{options: o, client: &http.Client{
		Transport: o.Transport, Timeout: o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close ends the idle connections.
func (p *Poster) Close() { p.client.CloseIdleConnections() }

// CheckURL reports whether target can be an endpoint, as far as its text tells. The addresses behind its name are judged
// at every attempt.
func (p *Poster) CheckURL(target string) error {
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return errors.New("the webhook address is malformed: write it in full, such as https://example.com/hooks")
	case u.User != nil:
		return errors.New("the webhook address holds a user name: receivers know us by the signature")
	case u.Scheme == "https", u.Scheme == "http" && (p.options.PlainHTTP || len(p.options.Guard.Allow) > 0):
		return nil
	}
	return errors.New("the webhook address must begin with https://")
}

// Post signs body (JSON) and makes one attempt to deliver it. id is the same at every attempt: receivers drop what they
// have seen. Secrets are as for Sign, secret first.
func (p *Poster) Post(ctx context.Context, target, secret, id string, body []byte, older ...string) Answer {
	now := p.options.Now()
	signature, err := Sign(id, now, body, append([]string{secret}, older...)...)
	if err != nil {
		return Answer{Result: Refused, Err: err}
	}
	return p.post(ctx, target, body, now, map[string]string{
		HeaderID: id, HeaderTimestamp: strconv.FormatInt(now.Unix(), 10), HeaderSignature: signature,
	})
}

// Send makes one attempt to post body (JSON) unsigned, to an address that is itself the secret, as those of Slack are.
func (p *Poster) Send(ctx context.Context, target string, body []byte) Answer {
	return p.post(ctx, target, body, p.options.Now(), nil)
}

func (p *Poster) post(ctx context.Context, target string, body []byte, now time.Time, headers map[string]string) (a Answer) {
	defer func() { a.Took = p.options.Now().Sub(now) }()
	if err := p.CheckURL(target); err != nil {
		return Answer{Result: Refused, Err: err}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return Answer{Result: Refused, Err: errors.New("the webhook address is malformed")}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", p.options.UserAgent)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return lost(err)
	}
	defer response.Body.Close()
	// Read a little so that the connection can be used again; what is longer is cut off by closing.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, p.options.MaxAnswer))
	return judge(response, now)
}

// lost is the answer when there was none. The client's error quotes the whole address, so only its cause is kept.
func lost(err error) Answer {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, ErrForbidden) {
		return Answer{Result: Refused, Err: ErrForbidden}
	}
	return Answer{Result: Retry, Err: fmt.Errorf("the webhook endpoint did not answer: %w", err)}
}

func judge(r *http.Response, now time.Time) Answer {
	a := Answer{Status: r.StatusCode, Err: fmt.Errorf("the webhook endpoint answered %d", r.StatusCode)}
	switch {
	case r.StatusCode >= 200 && r.StatusCode < 300:
		a.Result, a.Err = Delivered, nil
	case r.StatusCode == http.StatusGone:
		a.Result = Gone
	default: // also redirects and 4xx: endpoints are mended while the schedule runs
		a.Result, a.RetryAfter = Retry, retryAfter(r.Header.Get("Retry-After"), now)
	}
	return a
}

// retryAfter reads seconds or a date (RFC 9110 10.2.3), at most a day.
func retryAfter(text string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, 24*time.Hour))
}
