package events

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// SignatureHeader is "t=UNIX,v1=HEX": the time of the call, and HMAC-SHA256 of
// "UNIX.BODY" with the secret, as notices are signed.
const SignatureHeader = "X-Bulkhead-Signature"

// Webhook posts events, several at once and a line each
// (application/x-ndjson).
type Webhook struct {
	url, secret string
	client      *http.Client
}

// NewWebhook makes the target. Without a secret calls are not signed.
func NewWebhook(url, secret string) *Webhook {
	return &Webhook{url: url, secret: secret, client: &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Name implements Target.
func (*Webhook) Name() string { return "webhook" }

// Send implements Target.
func (w *Webhook) Send(ctx context.Context, batch []Told) (int, error) {
	var body bytes.Buffer
	for _, e := range batch {
		body.Write(e.JSON)
		body.WriteByte('\n')
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body.Bytes()))
	if err != nil {
		return 0, errors.New("webhook: its address cannot be called")
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	if w.secret != "" {
		req.Header.Set(SignatureHeader, w.sign(body.Bytes(), time.Now()))
	}
	resp, err := w.client.Do(req)
	if err != nil {
		// The address may be a secret: only its cause is told.
		var told *url.Error
		if errors.As(err, &told) {
			err = told.Err
		}
		return 0, fmt.Errorf("webhook: %w", err)
	}
	defer resp.Body.Close()                               //nolint:errcheck // its status is enough
	io.Copy(io.Discard, io.LimitReader(resp.Body, 4<<10)) //nolint:errcheck // as above
	if resp.StatusCode/100 != 2 {
		return 0, fmt.Errorf("webhook: answered %d", resp.StatusCode)
	}
	return len(batch), nil
}

func (w *Webhook) sign(body []byte, now time.Time) string {
	t := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(w.secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Close implements Target.
func (w *Webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}
