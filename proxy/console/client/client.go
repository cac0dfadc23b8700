// Package client asks the API of a running Bulkhead, with the API's own types.
//
// What is always true: the token goes to the one address that was given, and
// follows no redirection; an answer is bounded in size; what went wrong is told
// as the server told it, a [Problem].
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
)

// answerMost bounds an answer that is read, in bytes.
const answerMost = 64 << 20

// attempts is how often what can be asked again is asked, where the connection
// fails.
const attempts = 3

// Problem is what the server told of what went wrong (RFC 9457).
type Problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors"`
}

func (p *Problem) Error() string {
	text := fmt.Sprintf("the server answered %d: %s", p.Status, p.Detail)
	if p.Detail == "" {
		text = fmt.Sprintf("the server answered %d %s", p.Status, http.StatusText(p.Status))
	}
	for _, e := range p.Errors {
		text += "; " + strings.TrimSpace(e.Location+" "+e.Message)
	}
	return text
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	base, token string
	http        *http.Client
}

// New makes a client of a server, by its address as https://HOST or
// http://HOST:PORT, and an API token. The transport is that of all requests;
// nil is the usual one.
func New(server, token string, transport http.RoundTripper) (*Client, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the server's address is not one: want https://HOST or http://HOST:PORT")
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the token is not one: it has a space, a line end or the like in it")
	}
	return &Client{strings.TrimSuffix(u.String(), "/") + api.Base, token, &http.Client{Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// request is what is asked of a server.
type request struct {
	method, path string // below api.Base
	query        url.Values
	headers      http.Header
	body         any // JSON; nil: none
	again        bool
}

// ask asks, and reads the answer into out; nil takes none. What can be asked
// again is, where the connection fails.
func (c *Client) ask(ctx context.Context, r request, out any) error {
	var text []byte
	if r.body != nil {
		var err error
		if text, err = json.Marshal(r.body); err != nil {
			return fmt.Errorf("what is asked for: %w", err)
		}
	}
	if r.headers == nil {
		r.headers = http.Header{}
	}
	if text != nil {
		r.headers.Set("Content-Type", "application/json")
	}
	for i := 1; ; i++ {
		err := c.send(ctx, r, bytes.NewReader(text), out)
		var failed *url.Error
		if err == nil || !r.again || i == attempts || !errors.As(err, &failed) || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(time.Duration(i) * 200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// send sends one request.
func (c *Client) send(ctx context.Context, r request, body io.Reader, out any) error {
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	req.Header = r.headers.Clone()
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // read as far as is wanted
	text := io.LimitReader(resp.Body, answerMost)
	if resp.StatusCode/100 != 2 {
		return problemOf(resp, text)
	}
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.NewDecoder(text).Decode(out); err != nil {
		return fmt.Errorf("the server's answer cannot be read: %w", err)
	}
	return nil
}

// problemOf reads what went wrong.
func problemOf(resp *http.Response, text io.Reader) error {
	p := &Problem{}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
		_ = json.NewDecoder(text).Decode(p) // what cannot be read is left out
	}
	p.Status = resp.StatusCode
	if resp.StatusCode/100 == 3 {
		p.Detail = "it leads elsewhere; give the address that it leads to"
	}
	return p
}

// get reads something.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (out T, err error) {
	err = c.ask(ctx, request{method: http.MethodGet, path: path, query: query, again: true}, &out)
	return out, err
}

// once asks for something that is done once, however often it has to be asked
// for.
func once[T any](ctx context.Context, c *Client, path string, body any) (out T, err error) {
	key := http.Header{"Idempotency-Key": {rand.Text()}}
	err = c.ask(ctx, request{method: http.MethodPost, path: path, body: body, headers: key, again: true}, &out)
	return out, err
}

// of is the path of an incident.
func of(incident, what string) string {
	return "/incidents/" + url.PathEscape(incident) + what
}

// Page is what picks a page of a list.
type Page struct {
	After string
	Limit int
}

func (p Page) values() url.Values {
	v := url.Values{}
	if p.After != "" {
		v.Set("after", p.After)
	}
	if p.Limit > 0 {
		v.Set("limit", strconv.Itoa(p.Limit))
	}
	return v
}
