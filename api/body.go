package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"strings"
)

// inMemory is how much of a body is held in memory; what is longer waits in a file.
const inMemory = 4 << 20

// body is a request's body, read to its end, decompressed and counted before anything is done with it.
type body struct {
	data  []byte   // all of it, unless file is set
	file  *os.File // unlinked: gone when closed
	hash  []byte   // SHA-256, where there is an Idempotency-Key
	media string   // content type as sent
	room  *room    // in which it is held; nil: nobody counts
	held  int64

	unfinished bool // part of it may go better the next time: the answer is not kept under an Idempotency-Key
}

var errTooLarge = errors.New("too large")

// readBody reads a body up to a limit, of 0 none, within the room there is. It answers a Problem for what cannot be read.
func readBody(r *http.Request, limit int64, in *room) (*body, error) {
	b := &body{media: r.Header.Get("Content-Type"), room: in}
	var sum hash.Hash
	if r.Header.Get("Idempotency-Key") != "" {
		sum = sha256.New()
		defer func() { b.hash = sum.Sum(nil) }()
	}
	if r.Body == nil || r.Body == http.NoBody || limit == 0 {
		return b, nil
	}
	from := io.Reader(r.Body)
	expected := max(0, min(r.ContentLength, limit, inMemory-1)) // what is said of a body may be false: it is only where to begin
	switch strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))) {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, problem(http.StatusBadRequest, "invalid_body", "the body is no gzip although it says so")
		}
		from = z
	default:
		return nil, problem(http.StatusUnsupportedMediaType, "unsupported_encoding", "the body may be sent plain or with gzip")
	}
	from = &capped{from, limit, b}
	if sum != nil {
		from = io.TeeReader(from, sum)
	}
	err := b.take(from, expected)
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, errTooLarge):
		err = problem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the body may have %d bytes at most", limit))
	case !errors.Is(err, errNoRoom):
		err = problem(http.StatusBadRequest, "invalid_body", "the body ended before its end, or is no whole gzip")
	}
	b.close()
	return nil, err
}

func (b *body) take(from io.Reader, expected int64) error {
	head := bytes.NewBuffer(make([]byte, 0, expected+bytes.MinRead)) // ReadFrom wants that much to see the end
	if _, err := head.ReadFrom(io.LimitReader(from, inMemory)); err != nil {
		return err
	}
	if b.data = head.Bytes(); len(b.data) == inMemory {
		return b.spill(from)
	}
	return nil
}

func (b *body) spill(rest io.Reader) (err error) {
	if b.file, err = os.CreateTemp("", "leadflow-body-"); err != nil {
		return err
	}
	_ = os.Remove(b.file.Name())
	if _, err = b.file.Write(b.data); err == nil {
		_, err = io.Copy(b.file, rest)
	}
	b.data = nil
	return err
}

// reader reads it from the beginning.
func (b *body) reader() (io.Reader, error) {
	if b.file == nil {
		return bytes.NewReader(b.data), nil
	}
	_, err := b.file.Seek(0, io.SeekStart)
	return b.file, err
}

// bytes is all of it.
func (b *body) bytes() ([]byte, error) {
	if b.file == nil {
		return b.data, nil
	}
	r, err := b.reader()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func (b *body) close() {
	if b.file != nil {
		_ = b.file.Close()
	}
	if b.room != nil {
		b.room.giveBack(b.held)
	}
}

// capped reads at most left bytes and fails on the one after, and on the first that finds no room.
type capped struct {
	from io.Reader
	left int64
	of   *body
}

func (c *capped) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.from.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return n, errTooLarge
	}
	if in := c.of.room; in != nil {
		if !in.take(int64(n)) {
			return n, errNoRoom
		}
		c.of.held += int64(n)
	}
	return n, err
}

// bodyOf is the body of the request that is being handled.
func bodyOf(ctx context.Context) *body {
	if b := callOf(ctx).body; b != nil {
		return b
	}
	return &body{}
}
