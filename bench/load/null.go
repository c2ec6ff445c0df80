package load

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strconv"
)

// nullAnswer is as long as one of the product's.
const nullAnswer = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 45\r\n\r\n" +
	`{"accepted":1,"duplicates":0,"rejected":[] }` + "\n"

// ServeNull answers every request at once and looks at nothing in it. It runs in a process of its own: what it costs is
// not the clients'.
func ServeNull(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			in := bufio.NewReaderSize(c, 8192)
			for nullOne(in) == nil {
				if _, err := io.WriteString(c, nullAnswer); err != nil {
					return
				}
			}
		}()
	}
}

func nullOne(in *bufio.Reader) error {
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if rest, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(rest))); err != nil {
				return err
			}
		}
		if len(line) <= 2 {
			_, err = in.Discard(length)
			return err
		}
	}
}
