package load

import "strconv"

// Request writes POST requests with one JSON body each into memory that is used again.
type Request struct {
	head []byte
	all  []byte
}

// NewRequest prepares what all requests of a route have in common.
func NewRequest(host, path, key string) *Request {
	return newRequest(host, path, key, "application/json")
}

// NewLines is NewRequest for NDJSON.
func NewLines(host, path, key string) *Request {
	return newRequest(host, path, key, "application/x-ndjson")
}

func newRequest(host, path, key, media string) *Request {
	return &Request{head: []byte("POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + key +
		"\r\nContent-Type: " + media + "\r\nContent-Length: ")}
}

// Bytes is the whole request; valid until the next call.
func (r *Request) Bytes(body []byte) []byte {
	r.all = append(r.all[:0], r.head...)
	r.all = strconv.AppendInt(r.all, int64(len(body)), 10)
	r.all = append(r.all, "\r\n\r\n"...)
	r.all = append(r.all, body...)
	return r.all
}
