package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// Judge says what would become of a message, or of a file as an attachment, if
// somebody sent it. It keeps nothing of it. The error is the context's, or means
// that nothing may be concluded.
type Judge interface {
	Judge(ctx context.Context, t Trial) (Opinion, error)
}

// Trial is what somebody tries.
type Trial struct {
	Name    string // of the file, for people
	Content extract.Source
	From    string   // "": that of the message's header
	To      []string // none: those of the message's header
}

// Opinion is a verdict and what led to it.
type Opinion struct {
	Verdict  rules.Verdict
	Findings []rules.Finding // masked
	Took     time.Duration
}

// Found is what led to it, for the pages.
func (o *Opinion) Found() any { return exhibit{Findings: o.Findings} }

// The bounds of trials.
const (
	// triesMost is how many may be uploaded and judged at the same time, each
	// in a file of its own while it is.
	triesMost = 8
	// tryTime is how long a trial may take, from its first byte to its verdict.
	tryTime = 5 * time.Minute
	// drainMost is how much of what is too large is read and thrown away.
	drainMost = 256 << 20
	// pasted names what somebody pastes.
	pasted = "pasted text"
)

// tryPage lets somebody see what would become of a file or a text.
type tryPage struct {
	frame
	Off      bool // there is nobody to judge
	Most     int64
	From, To string
	Wrong    string // why there is no verdict
	Name     string
	Bytes    int64
	Opinion  *Opinion // nil before there is one
}

func (c *console) newTryPage() *tryPage {
	return &tryPage{frame: frame{Title: "Try", Section: "Try"}, Off: c.cfg.Judge == nil, Most: c.cfg.TryMost}
}

func (c *console) try(w http.ResponseWriter, r *http.Request) {
	c.show(w, r, http.StatusOK, "try.html", c.newTryPage())
}

// tryIt judges what was sent, and answers with the verdict: there is no address
// to lead to, since nothing is kept.
func (c *console) tryIt(w http.ResponseWriter, r *http.Request) {
	p := c.newTryPage()
	code := http.StatusNotFound
	if !p.Off {
		code = c.judgeTrial(w, r, p)
	}
	if code == clientGone {
		w.WriteHeader(clientGone)
		return
	}
	c.show(w, r, code, "try.html", p)
}

// judgeTrial fills the page with the verdict, or with why there is none, and
// returns the status of the answer.
func (c *console) judgeTrial(w http.ResponseWriter, r *http.Request, p *tryPage) int {
	select {
	case c.tries <- struct{}{}:
		defer func() { <-c.tries }()
	default:
		p.Wrong = "Others try something at this moment, as many as may at a time. Try again soon."
		return http.StatusServiceUnavailable
	}
	ctx, cancel := context.WithTimeout(r.Context(), tryTime)
	defer cancel()
	// Not every writer has a deadline; where there is none a test is served.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(tryTime))
	up, err := receiveUpload(http.MaxBytesReader(w, r.Body, p.Most+formRoom), r.Header.Get("Content-Type"), c.cfg.SpoolDir)
	if err == nil {
		defer up.close()
		p.From, p.To, p.Name, p.Bytes = up.from, up.to, up.name, up.size
		err = up.check(p.Most)
	}
	if err == nil {
		var o Opinion
		o, err = c.cfg.Judge.Judge(ctx, Trial{Name: up.name, Content: extract.Source{ReaderAt: up.file, Size: up.size}, From: up.from, To: addresses(up.to)})
		p.Opinion = &o
	}
	if err == nil {
		return http.StatusOK
	}
	p.Opinion = nil
	return c.explainTrial(r, p, err)
}

// explainTrial words why there is no verdict.
func (c *console) explainTrial(r *http.Request, p *tryPage, err error) int {
	var large *http.MaxBytesError
	var wrong uploadError
	switch {
	case r.Context().Err() != nil:
		return clientGone
	case errors.As(err, &large) || errors.Is(err, errTooLarge):
		// A browser that is still sending would not read the answer.
		io.CopyN(io.Discard, r.Body, drainMost) //nolint:errcheck // as much as comes
		p.Wrong = "This is larger than " + bytesText(p.Most) + ", the most that a message may have here (smtp.max_size)."
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &wrong):
		p.Wrong = string(wrong)
		return http.StatusBadRequest
	case errors.Is(err, context.DeadlineExceeded):
		p.Wrong = "It could not be judged in time. A message like this would be answered with 451: try again later."
		return http.StatusServiceUnavailable
	}
	c.cfg.Log.Error("judging what somebody tries", "error", err)
	p.Wrong = "It could not be judged; the log says why. A message like this would not be delivered."
	return http.StatusInternalServerError
}

// addresses reads a list as people write it.
func addresses(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) })
}
