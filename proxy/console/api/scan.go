package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/tempfile"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Scan is what is told of one file, here and by `bulkhead scan`. The names are a
// contract.
type Scan struct {
	Path         string   `json:"path" doc:"The name that was given."`
	Action       string   `json:"action" enum:"pass,tag,hold,reject" doc:"What would become of it."`
	Policy       string   `json:"policy" doc:"By which policy; empty for a pass by none."`
	Subjects     int64    `json:"subjects" doc:"Distinct people who are not its readers."`
	Records      int64    `json:"records"`
	Fields       []string `json:"fields" doc:"Types of field."`
	Completeness string   `json:"completeness" enum:"complete,partial,unscanned" doc:"How much was read."`
	Reasons      []string `json:"reasons"`
	Bytes        int64    `json:"bytes"`
	ElapsedMS    float64  `json:"elapsed_ms"`
	// Evidence is where people's data was found, masked; only where it is asked
	// for.
	Evidence []rules.Finding `json:"evidence,omitempty" doc:"Where people's data was found, masked; only where it is asked for."`
}

// Stopped reports whether the file would not be delivered.
func (s *Scan) Stopped() bool {
	return s.Action == rules.Hold.String() || s.Action == rules.Reject.String()
}

// NewScan makes the JSON of a verdict on a file.
func NewScan(name string, bytes int64, v *rules.Verdict, findings []rules.Finding, took time.Duration) Scan {
	x := &v.Exposure
	return Scan{
		Path: name, Action: v.Action.String(), Policy: v.Policy, Subjects: x.Subjects, Records: x.Records,
		Fields: append([]string{}, x.Fields...), Completeness: x.Completeness.String(), Reasons: append([]string{}, v.Reasons...), Bytes: bytes,
		ElapsedMS: float64(took.Microseconds()) / 1000, Evidence: findings,
	}
}

// Submission is what somebody asks about before they send it.
type Submission struct {
	Name    string // of the file, for people
	Content extract.Source
	From    string   // "": that of the message's header
	To      []string // none: those of the message's header
}

// The headers of a submission. They are no parameters of the address, since
// addresses are logged on their way.
const (
	FileHeader = "Bulkhead-File"
	FromHeader = "Bulkhead-From"
	ToHeader   = "Bulkhead-To"
)

// The bounds of scans.
const (
	// scansMost is how many may be uploaded and judged at the same time, each in
	// a file of its own while it is.
	scansMost = 16
	// scanTime is how long an upload may take.
	scanTime = 10 * time.Minute
)

type scanIn struct {
	File     string `header:"Bulkhead-File" maxLength:"500" doc:"Its name, for the answer and for its type; a message needs none."`
	From     string `header:"Bulkhead-From" maxLength:"500" doc:"Envelope sender; else that of the message's header."`
	To       string `header:"Bulkhead-To" maxLength:"32000" doc:"Envelope recipients, with commas between; else those of the message's header."`
	Evidence bool   `query:"evidence" doc:"Also tell where people's data was found, masked."`

	request *http.Request
	writer  http.ResponseWriter
}

// Resolve implements huma.Resolver: the body is read as it comes.
func (in *scanIn) Resolve(ctx huma.Context) []error {
	in.request, in.writer = humago.Unwrap(ctx)
	return nil
}

// scanOperation is the question that a mail tool asks before it sends.
func (a *api) scanOperation() operation {
	return op(access.Scan, "POST /scan", "scan", "What would become of a message or a file, if it was sent", a.scan).with(func(o *huma.Operation) {
		bytes := &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
		o.Description = fmt.Sprintf("The body is a message (RFC 5322), told by its content, or any file, judged as the attachment of an otherwise empty message; "+
			"of at most %d bytes. It is judged by what is in force, and nothing of it is kept.", a.cfg.ScanMost)
		o.RequestBody = &huma.RequestBody{Required: true, Description: "The message or the file as it is, in any media type.",
			Content: map[string]*huma.MediaType{"message/rfc822": bytes, "application/octet-stream": bytes, "*/*": bytes}}
	})
}

// scan judges what is sent. The client's going stops it.
func (a *api) scan(ctx context.Context, in *scanIn) (*page[Scan], error) {
	if a.cfg.Judge == nil {
		return nil, huma.NewError(http.StatusServiceUnavailable, "Nothing is judged here.")
	}
	select {
	case a.scans <- struct{}{}:
		defer func() { <-a.scans }()
	default:
		return nil, notNow("As many are judged as may be at a time.")
	}
	file, size, err := a.receive(in)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it has no name any more
	name := in.File
	if name == "" {
		name = "-"
	}
	got, err := a.cfg.Judge(ctx, Submission{Name: name, Content: extract.Source{ReaderAt: file, Size: size}, From: in.From, To: addresses(in.To)})
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, notNow("It could not be judged in time; a message like this would be answered with 451.")
	}
	if err != nil {
		return nil, err
	}
	if !in.Evidence {
		got.Evidence = nil
	}
	return &page[Scan]{got}, nil
}

// notNow says that it may be tried again.
func notNow(detail string) error {
	return huma.ErrorWithHeaders(huma.NewError(http.StatusServiceUnavailable, detail), http.Header{"Retry-After": {"10"}})
}

// receive writes what is sent into a file without a name.
func (a *api) receive(in *scanIn) (file *os.File, size int64, err error) {
	if in.request.ContentLength > a.cfg.ScanMost {
		return nil, 0, a.tooLarge()
	}
	if file, err = tempfile.Unnamed(a.cfg.SpoolDir); err != nil {
		return nil, 0, fmt.Errorf("spooling what is to be judged: %w", err)
	}
	defer func() {
		if err != nil {
			file.Close() //nolint:errcheck // the first error is the one that counts
			file = nil
		}
	}()
	// Not every writer has a deadline; where there is none a test is served. It is
	// for the body alone: past its end the connection is watched for its closing.
	until := http.NewResponseController(in.writer)
	_ = until.SetReadDeadline(time.Now().Add(scanTime))
	size, err = io.Copy(file, http.MaxBytesReader(in.writer, in.request.Body, a.cfg.ScanMost))
	_ = until.SetReadDeadline(time.Time{})
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return file, 0, a.tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return file, 0, huma.NewError(http.StatusRequestTimeout, "It did not come in time.")
	case err == nil && size == 0:
		return file, 0, huma.NewError(http.StatusBadRequest, "There is nothing to judge: the body is empty.")
	}
	if err != nil && in.request.Context().Err() == nil {
		var path *os.PathError
		if !errors.As(err, &path) {
			return file, 0, huma.NewError(http.StatusBadRequest, "It did not come whole.")
		}
	}
	return file, size, err
}

// tooLarge says how large a message may be.
func (a *api) tooLarge() error {
	return huma.NewError(http.StatusRequestEntityTooLarge, fmt.Sprintf("It is larger than %d bytes, the most that a message may have here (smtp.max_size).", a.cfg.ScanMost))
}

// addresses reads a list of addresses.
func addresses(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(",; \t", r) })
}
