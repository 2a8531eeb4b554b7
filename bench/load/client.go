package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Request returns a whole HTTP/1.1 POST with a JSON body and further header lines
// ("Name: value").
func Request(path, key, body string, headers ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", path, key, len(body))
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

// Conn is a keep-alive connection to a server. Not safe for several goroutines.
type Conn struct {
	address string
	conn    net.Conn
	buf     []byte
	stop    func() bool
}

// Dial connects to host:port. When ctx ends, calls under way fail.
func Dial(ctx context.Context, address string) (*Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &Conn{address: address, conn: c, buf: make([]byte, 16<<10),
		stop: context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })}, nil
}

// Close ends the connection.
func (c *Conn) Close() { c.stop(); _ = c.conn.Close() }

// Answer is what a server said. Body is valid until the next call.
type Answer struct {
	Status     int
	RetryAfter time.Duration
	Body       []byte
}

var (
	lengthHeader = []byte("\r\nContent-Length: ")
	retryHeader  = []byte("\r\nRetry-After: ")
	endOfHeader  = []byte("\r\n\r\n")
)

// Do sends a whole request and reads the answer.
func (c *Conn) Do(request []byte) (Answer, error) {
	if _, err := c.conn.Write(request); err != nil {
		return Answer{}, err
	}
	got := 0
	for {
		n, err := c.conn.Read(c.buf[got:])
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return Answer{}, err
		}
		got += n
		end := bytes.Index(c.buf[:got], endOfHeader)
		if end < 0 {
			if got == len(c.buf) {
				return Answer{}, errors.New("the answer's header is above 16 KiB")
			}
			continue
		}
		head, length := c.buf[:end+2], -1
		if _, rest, found := bytes.Cut(head, lengthHeader); found {
			length = number(rest)
		}
		if length < 0 || end+4+length > len(c.buf) {
			return c.slow(got) // chunked, or large
		}
		if got < end+4+length {
			continue
		}
		a := Answer{Status: number(head[len("HTTP/1.1 "):]), Body: c.buf[end+4 : end+4+length]}
		if _, rest, found := bytes.Cut(head, retryHeader); found {
			a.RetryAfter = time.Duration(number(rest)) * time.Second
		}
		return a, nil
	}
}

// slow reads any answer of which got bytes are here already.
func (c *Conn) slow(got int) (Answer, error) {
	r, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(bytes.Clone(c.buf[:got])), c.conn)), nil)
	if err != nil {
		return Answer{}, err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	after, _ := strconv.Atoi(r.Header.Get("Retry-After")) // 0 when there is none
	return Answer{Status: r.StatusCode, RetryAfter: time.Duration(after) * time.Second, Body: body}, err
}

// number reads the digits b begins with.
func number(b []byte) int {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}
