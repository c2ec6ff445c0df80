package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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
	hash  []byte   // SHA-256
	media string   // content type as sent
}

var errTooLarge = errors.New("too large")

// readBody reads a body up to a limit, of 0 none. It answers a Problem for what cannot be read.
func readBody(r *http.Request, limit int64) (*body, error) {
	b := &body{media: r.Header.Get("Content-Type")}
	if r.Body == nil || r.Body == http.NoBody || limit == 0 {
		sum := sha256.Sum256(nil)
		b.hash = sum[:]
		return b, nil
	}
	from := io.Reader(r.Body)
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
	err := b.take(&capped{from, limit})
	switch {
	case errors.Is(err, errTooLarge):
		b.close()
		return nil, problem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the body may have %d bytes at most", limit))
	case err != nil:
		b.close()
		return nil, problem(http.StatusBadRequest, "invalid_body", "the body ended before its end, or is no whole gzip")
	}
	return b, nil
}

func (b *body) take(from io.Reader) error {
	hash := sha256.New()
	from = io.TeeReader(from, hash)
	head, err := io.ReadAll(io.LimitReader(from, inMemory))
	if err != nil {
		return err
	}
	if b.data = head; len(head) == inMemory {
		if err := b.spill(from); err != nil {
			return err
		}
	}
	b.hash = hash.Sum(nil)
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
}

// capped reads at most left bytes and fails on the one after.
type capped struct {
	from io.Reader
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.from.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

type bodyKey struct{}

// bodyOf is the body of the request that is being handled.
func bodyOf(ctx context.Context) *body {
	b, _ := ctx.Value(bodyKey{}).(*body)
	if b == nil {
		return &body{}
	}
	return b
}
