package rules

import (
	"bufio"
	"context"
	"fmt"
	"sync"

	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// Version names the rules' own code and data. It changes when the same message
// may give other evidence.
const Version = "1"

// maxContacts is how many contact addresses are told apart one by one before
// they are estimated.
const maxContacts = 200_000

// Inspector turns messages into evidence. It is safe for concurrent use.
type Inspector struct {
	walker   *extract.Walker
	det      *detect.Detector
	splitter *table.Splitter
	typer    *table.Typer
	words    string // names the header words that were added, "" for none
	// indexes are those of the owner's own records, nil for none.
	indexes *exact.Set
	// allowed are the tables whose rows are not looked at.
	allowed *allow.Set
	// memory is what is known of parts from other messages, nil for nothing.
	memory *Memory
	// sample makes of a cell what a finding shows of it.
	sample func(cell string) string
	// buffers are those of inspections before, for those to come: of *buffers.
	buffers *sync.Pool
}

// buffers are what one inspection reads through.
type buffers struct {
	lines  *bufio.Reader // for the header
	stride []byte        // for hashing
}

func newBuffers() any { return &buffers{lines: bufio.NewReader(nil)} }

// leave gives buffers to other inspections.
func (in *Inspector) leave(used *buffers) {
	used.lines.Reset(nil) // it holds on to a message
	in.buffers.Put(used)
}

// HeaderWords are header words by field type and strength, as in
// {"id.customer": {"certain": ["our ref"]}}.
type HeaderWords = table.HeaderWords

// CheckHeaderWords reports the first of the words that NewInspector would not
// take.
func CheckHeaderWords(words HeaderWords) error {
	_, err := table.LoadLexicon(words)
	return err
}

// NewInspector loads the embedded name lists and the lexicon of header words,
// with more words added to it. The error names the words that are wrong.
func NewInspector(more HeaderWords) (*Inspector, error) {
	det, err := detect.New()
	if err != nil {
		return nil, fmt.Errorf("loading name lists: %w", err)
	}
	lexicon, err := table.LoadLexicon(more)
	if err != nil {
		return nil, err
	}
	return &Inspector{walker: extract.New(), det: det, splitter: &table.Splitter{}, typer: table.NewTyper(det, lexicon),
		words: versionOfWords(more), sample: mask, buffers: &sync.Pool{New: newBuffers}}, nil
}

// Unmasked returns an inspector whose findings show the first rows of tables as
// they stand. Its evidence is for the eyes of a person who may see them, and is
// never to be kept: a memory of the receiver's is neither asked nor told. The
// receiver stays as it is.
func (in *Inspector) Unmasked() *Inspector {
	with := *in
	with.memory, with.sample = nil, plain
	return &with
}

// Inspect reads a message (RFC 5322) and says what it found. Content that
// cannot be read is in the evidence. The error is the context's or that of the
// source, or a fault of ours: then nothing may be concluded about the message.
func (in *Inspector) Inspect(ctx context.Context, message extract.Source, limits extract.Limits) (*Evidence, error) {
	return in.inspect(ctx, message, func(s *sink) (extract.Summary, error) {
		s.whole.visible = readVisible(s.used.lines, message, in.det)
		s.whole.Reply = s.whole.visible.reply
		return in.walker.Message(ctx, message, limits, s)
	})
}

// InspectFile reads a lone file as the attachment of an otherwise empty
// message. The name is for people, and never decides how the file is read.
func (in *Inspector) InspectFile(ctx context.Context, name string, file extract.Source, limits extract.Limits) (*Evidence, error) {
	return in.inspect(ctx, file, func(s *sink) (extract.Summary, error) {
		return in.walker.File(ctx, name, file, limits, s)
	})
}

func (in *Inspector) inspect(ctx context.Context, src extract.Source, walk func(*sink) (extract.Summary, error)) (ev *Evidence, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			ev, err = nil, extract.Recovered(fault)
		}
	}()
	used := in.buffers.Get().(*buffers)
	defer in.leave(used)
	ev = &Evidence{RuleSet: in.RuleSet(), Bytes: src.Size, all: newGathered(), indexes: in.indexes}
	s := &sink{ctx: ctx, splitter: in.splitter, typer: in.typer, allowed: in.allowed, whole: ev, ev: ev.all, memory: in.memory, sample: in.sample, used: used,
		resolver: &resolver{det: in.det, ev: ev.all, indexed: newIndexed(in.indexes)}}
	summary, err := walk(s)
	if err != nil {
		return nil, fmt.Errorf("inspecting: %w", err)
	}
	s.endContent()
	all := ev.all
	summary.Unread = append(summary.Unread, all.unread...)
	ev.Parts, ev.Unread, ev.Faults = summary.Parts, summary.Unread, summary.Faults
	ev.Findings, ev.Records, ev.LargestTable = all.findings, all.records, all.largestTable
	ev.BodyIsTable, ev.BodyIsAttachment, ev.AllowedTables = all.bodyIsTable, all.bodyIsAttachment(), all.allowedTables
	ev.Completeness = completeness(summary)
	return ev, nil
}

// completeness sums up what was read.
func completeness(s extract.Summary) Completeness {
	if len(s.Unread) == 0 {
		return Complete
	}
	for _, p := range s.Parts {
		if p.Outcome != extract.NotRead && p.Bytes > 0 {
			return Partial
		}
	}
	for _, u := range s.Unread {
		if u.Partial {
			return Partial
		}
	}
	return Unscanned
}

// Fault is a panic during inspection. Nothing may be concluded about the
// message.
type Fault = extract.Fault

// Recovered makes a Fault of what recover returned.
func Recovered(value any) *Fault { return extract.Recovered(value) }
