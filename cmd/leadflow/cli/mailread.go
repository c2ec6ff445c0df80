package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
)

// maxMail bounds one mail, in bytes; the API takes no more.
const maxMail = 32 << 20

func mailRead(t *tool) *cobra.Command {
	cmd := &cobra.Command{
		Use: "read PATH...", Short: "Reads mails that came back: bounces, complaints, answers",
		Long: `Reads mails that came back, of files, Maildirs, directories of mails, mboxes or standard input (-), and does what follows
of them: addresses are suppressed, events stored, runs told, answers handed to sales. The same mail again changes nothing.

Outcomes: hard (suppressed), soft (counted), complaint, unsubscribed, replied, duplicate (told before), unknown (nobody's),
ignored (a delay, a receipt, an answer by machine, no report). Exit code 3: some could not be read.`,
		Example: "  leadflow mail read bounces/\n  leadflow mail read /var/mail/bounces\n  leadflow mail read - < one.eml",
		Args:    cobra.MinimumNArgs(1),
	}
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		r := mailReading{t: t, Outcomes: map[string]int{}}
		err := r.all(ctx, args)
		if shown := r.show(); shown != nil {
			return shown
		}
		switch {
		case err != nil && r.Read > 0, err == nil && r.Failed > 0 && r.Read > 0:
			return &failure{what: "not all mails were read", why: fmt.Sprintf("%d were, %d were not", r.Read, r.Failed), next: "give the command again when the reasons above are gone: what was read is a duplicate then", code: ExitPartial, cause: err}
		case err == nil && r.Failed > 0:
			return &failure{what: "no mail could be read", why: "the reasons are above", next: "see leadflow mail read --help", code: ExitFailure}
		}
		return err
	})
	return cmd
}

// mailReading counts what became of mails.
type mailReading struct {
	t        *tool
	Read     int            `json:"read"`
	Failed   int            `json:"failed"`
	Outcomes map[string]int `json:"outcomes"`
}

// all reads what is named. It ends early where the API is away: it would be for the next mail as well.
func (r *mailReading) all(ctx context.Context, paths []string) error {
	for _, path := range paths {
		files, err := filesOf(path)
		if err != nil {
			r.fail(path, err)
			continue
		}
		for _, file := range files {
			err := eachMail(file, r.t.In, func(n int, raw []byte) error {
				name := file
				if n > 0 {
					name = fmt.Sprintf("%s, mail %d", file, n)
				}
				return r.one(ctx, name, raw)
			})
			if f := (*failure)(nil); errors.As(err, &f) && f.passing || ctx.Err() != nil {
				return err
			}
			if err != nil {
				r.fail(file, err)
			}
		}
	}
	return nil
}

func (r *mailReading) fail(name string, err error) {
	r.Failed++
	r.t.tell("%s: %s", name, reason(err))
}

// one posts a mail. An error is the API's absence; what it refuses is counted.
func (r *mailReading) one(ctx context.Context, name string, raw []byte) error {
	c, err := r.t.client()
	if err != nil {
		return err
	}
	resp, err := c.send(ctx, http.MethodPost, "/v1/mail-reports", "message/rfc822", bytes.NewReader(raw))
	f := (*failure)(nil)
	if errors.As(err, &f) && f.passing || ctx.Err() != nil {
		return err
	}
	if err != nil {
		r.fail(name, err)
		return nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return c.unreachable(err)
	}
	got, err := decode[struct{ Outcomes []string }](body)
	if err != nil {
		return err
	}
	r.Read++
	for _, o := range got.Outcomes {
		r.Outcomes[o]++
	}
	return nil
}

type outcomeRow struct {
	Outcome string
	N       int
}

var outcomeColumns = []column[outcomeRow]{
	{"outcome", func(r outcomeRow) any { return r.Outcome }},
	{"mails", func(r outcomeRow) any { return r.N }},
}

func (r *mailReading) show() error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	var rows []outcomeRow
	for _, o := range slices.Sorted(maps.Keys(r.Outcomes)) {
		rows = append(rows, outcomeRow{o, r.Outcomes[o]})
	}
	r.t.tell("%d read, %d failed", r.Read, r.Failed)
	return showAll(r.t, body, rows, outcomeColumns)
}

// filesOf are the files of a path: of a Maildir those of new and cur, of a directory those in it.
func filesOf(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	dirs := []string{path}
	if isDir(filepath.Join(path, "new")) && isDir(filepath.Join(path, "cur")) {
		dirs = []string{filepath.Join(path, "new"), filepath.Join(path, "cur")}
	}
	var out []string
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Type().IsRegular() && e.Name()[0] != '.' {
				out = append(out, filepath.Join(dir, e.Name()))
			}
		}
	}
	return out, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// eachMail visits the mails of a file, one by one: it may be larger than memory. Number 0: the file is one mail.
func eachMail(path string, stdin io.Reader, visit func(n int, raw []byte) error) error {
	from := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		from = f
	}
	in := bufio.NewReaderSize(from, 64<<10)
	if begin, _ := in.Peek(len(mboxMark)); string(begin) != mboxMark {
		raw, err := io.ReadAll(io.LimitReader(in, maxMail+1))
		switch {
		case err != nil:
			return err
		case len(raw) > maxMail:
			return errMailTooLarge
		case len(raw) == 0:
			return errors.New("is empty")
		}
		return visit(0, raw)
	}
	return eachOfMbox(in, visit)
}

const mboxMark = "From "

var errMailTooLarge = errors.New("has a mail of more than 32 MB")

// eachOfMbox splits at lines that begin with "From " after an empty one, and takes one > from lines like ">From " (mboxrd).
func eachOfMbox(in *bufio.Reader, visit func(n int, raw []byte) error) error {
	var mail []byte
	n, blank := 0, true
	end := func() error {
		if n == 0 {
			return nil
		}
		return visit(n, mail)
	}
	for {
		line, err := in.ReadBytes('\n')
		switch {
		case blank && bytes.HasPrefix(line, []byte(mboxMark)):
			if err := end(); err != nil {
				return err
			}
			mail, n = nil, n+1
		default:
			if at := bytes.TrimLeft(line, ">"); len(at) < len(line) && bytes.HasPrefix(at, []byte(mboxMark)) {
				line = line[1:]
			}
			mail = append(mail, line...)
		}
		if len(mail) > maxMail {
			return errMailTooLarge
		}
		if blank = len(bytes.TrimRight(line, "\r\n")) == 0; err == io.EOF {
			return end()
		}
		if err != nil {
			return err
		}
	}
}
