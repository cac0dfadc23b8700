package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The headers of a call.
const (
	// SignatureHeader is "t=UNIX,v1=HEX": the time of the attempt, and
	// HMAC-SHA256 of "UNIX.BODY" with the secret. A receiver refuses a time
	// that is more than five minutes off, so that a call cannot be played again.
	SignatureHeader = "X-Bulkhead-Signature"
	// DeliveryHeader names the notice: the same in each attempt, so that a
	// receiver can tell that it has it already.
	DeliveryHeader = "X-Bulkhead-Delivery"
	// EventHeader is the kind of event.
	EventHeader = "X-Bulkhead-Event"
)

// notice is the body of a call in the form json. The names are a contract.
type notice struct {
	Kind        Kind       `json:"kind"`
	At          time.Time  `json:"at"`
	Incident    string     `json:"incident,omitempty"`
	Message     string     `json:"message,omitempty"`
	Policy      string     `json:"policy,omitempty"`
	Subjects    int64      `json:"subjects"`
	Copies      int        `json:"copies"`
	Left        *int       `json:"left_before"` // null: not known
	Fields      []string   `json:"fields"`
	Expires     *time.Time `json:"expires,omitempty"`
	By          string     `json:"by,omitempty"`
	Failed      int        `json:"recipients_failed,omitempty"`
	Link        string     `json:"link,omitempty"`
	Text        string     `json:"text"` // for people
	Open        int        `json:"open,omitempty"`
	Incidents   []Line     `json:"incidents,omitempty"`
	MoreChanged int        `json:"incidents_left_out,omitempty"`
}

// body makes the body of a call.
func (n *Notifier) body(w Webhook, v view) ([]byte, error) {
	name := "reviewer"
	if v.Kind == digestKind {
		name = "digest"
	}
	text, err := n.words.render(name, w.Language, v)
	if err != nil {
		return nil, err
	}
	if w.Form == channelSlack {
		// Slack takes &, < and > for its own marks.
		escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
		short := "*" + escape.Replace(text.subject) + "*\n" + escape.Replace(text.body)
		return json.Marshal(map[string]string{"text": short})
	}
	o := notice{
		Kind: v.Kind, At: v.At.UTC(), Incident: v.Incident, Message: v.Message, Policy: v.Policy,
		Subjects: v.Subjects, Copies: v.Copies, Fields: v.Fields, By: v.By, Failed: v.Failed, Link: v.Link,
		Text: text.subject, Open: v.Digest.Open, Incidents: v.Digest.Incidents, MoreChanged: v.Digest.More,
	}
	if o.Fields == nil {
		o.Fields = []string{}
	}
	if !v.LeftUnknown {
		o.Left = &v.Left
	}
	if !v.Expires.IsZero() {
		at := v.Expires.UTC()
		o.Expires = &at
	}
	return json.Marshal(o)
}

// Sign gives the value of SignatureHeader.
func Sign(secret string, at time.Time, body []byte) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// call calls a webhook. Answers 2xx are good; 408, 429 and 5xx are tried again.
func (n *Notifier) call(ctx context.Context, p Posted, c *call) error {
	i := slices.IndexFunc(n.cfg.Webhooks, func(w Webhook) bool { return w.name() == c.Hook })
	if i < 0 {
		return fmt.Errorf("%w: the webhook is configured no more", ErrRefused)
	}
	w := n.cfg.Webhooks[i]
	name := fmt.Sprintf("notify.webhooks[%d]", i)
	ctx, cancel := context.WithTimeout(ctx, webhookTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(c.Body))
	if err != nil {
		return fmt.Errorf("%w: %s: url is not one", ErrRefused, name)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Bulkhead")
	req.Header.Set(EventHeader, string(c.Kind))
	req.Header.Set(DeliveryHeader, delivery(p.Key))
	if w.Secret != "" {
		req.Header.Set(SignatureHeader, Sign(w.Secret, n.cfg.Now(), c.Body))
	}
	resp, err := n.cfg.HTTP.Do(req)
	if err != nil {
		// The URL may be a secret: only what failed is told.
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	defer resp.Body.Close()                                       //nolint:errcheck // the status is what counts
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	switch {
	case resp.StatusCode/100 == 2:
		return nil
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
		return fmt.Errorf("%s answered %d", name, resp.StatusCode)
	}
	return fmt.Errorf("%w: %s answered %d", ErrRefused, name, resp.StatusCode)
}

// delivery names a notice for its receiver.
func delivery(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}
