package api

import (
	"context"
	"errors"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/danielgtaylor/huma/v2"
)

// Inspector reads held messages again, for who may see what is in them. An error
// that is context.DeadlineExceeded says that it may be tried again.
type Inspector interface {
	// Inspect tells what is in a message, with the first rows of its tables as
	// they stand.
	Inspect(ctx context.Context, message extract.Source) (*rules.Evidence, error)
	// Outline gives the header and at most so many bytes of the texts.
	Outline(ctx context.Context, message extract.Source, most int64) (extract.Outline, error)
}

// previewSize is how many bytes of a message's texts are given.
const previewSize = 1 << 20

// HeaderField is a field of a message's header.
type HeaderField struct {
	Name  string `json:"name"`
	Value string `json:"value" doc:"Unfolded and decoded."`
}

// Text is a text of a message.
type Text struct {
	Path string `json:"path"`
	HTML bool   `json:"html" doc:"The text is markup as it stands, and not made harmless: show it as text, or in a frame without rights."`
	Text string `json:"text"`
	Cut  bool   `json:"cut" doc:"The text is the beginning of more."`
}

// MessagePart is a part of a message, and how far it was read.
type MessagePart struct {
	Path    string `json:"path"`
	Media   string `json:"media_type" doc:"As the message declares it; empty where it declares none."`
	Format  string `json:"format" doc:"What it was found to be."`
	Bytes   int64  `json:"bytes"`
	Outcome string `json:"outcome" enum:"read,partial,unread"`
	Why     string `json:"why" doc:"Why it was not read, or not as a whole."`
}

// Preview is what a reader would be shown of a held message.
type Preview struct {
	Header    []HeaderField `json:"header"`
	HeaderCut bool          `json:"header_cut"`
	Texts     []Text        `json:"texts"`
	TextsCut  bool          `json:"texts_cut"`
	Parts     []MessagePart `json:"parts" doc:"As they are read today."`
}

// Revealed are the first rows of what was found in a held message.
type Revealed struct {
	Findings []rules.Finding `json:"findings" doc:"The cells of sample are as they stand."`
}

// lookOperations are those that show what is in a held message.
func (a *api) lookOperations() []operation {
	recorded := func(o *huma.Operation) {
		o.Description = "Needs a reason. The audit trail has it before anything is shown."
	}
	return []operation{
		op(access.MessagePreview, "POST /messages/{id}/preview", "preview", "Header, texts and parts of a held message", a.preview).with(recorded),
		op(access.EvidenceReveal, "POST /messages/{id}/evidence", "reveal", "The first rows of what was found, as they stand", a.reveal).with(recorded),
	}
}

// recorded opens a message's content for who gave a reason, which the audit trail
// has then.
func (a *api) recorded(ctx context.Context, in *sourceIn, act quarantine.Act) (*quarantine.Content, error) {
	content, err := a.cfg.Store.Content(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Store.Record(ctx, in.ID, act, access.From(ctx).Name, in.Body.Reason); err != nil {
		return nil, errors.Join(err, content.Close())
	}
	return content, nil
}

// opened is what recorded opens, to be read anywhere.
func (a *api) opened(ctx context.Context, in *sourceIn, act quarantine.Act) (*quarantine.ContentAt, error) {
	if a.cfg.Inspector == nil {
		return nil, huma.Error501NotImplemented("This server has nothing that reads messages.")
	}
	content, err := a.recorded(ctx, in, act)
	if err != nil {
		return nil, err
	}
	return content.At(), nil
}

func (a *api) preview(ctx context.Context, in *sourceIn) (*page[Preview], error) {
	content, err := a.opened(ctx, in, quarantine.ActViewed)
	if err != nil {
		return nil, err
	}
	defer content.Close() //nolint:errcheck // read only
	source := extract.Source{ReaderAt: content, Size: content.Size()}
	outline, err := a.cfg.Inspector.Outline(ctx, source, previewSize)
	if err != nil {
		return nil, err
	}
	evidence, err := a.cfg.Inspector.Inspect(ctx, source)
	if err != nil {
		return nil, err
	}
	return &page[Preview]{newPreview(&outline, evidence)}, nil
}

func newPreview(o *extract.Outline, e *rules.Evidence) Preview {
	p := Preview{Header: []HeaderField{}, HeaderCut: o.HeaderCut, Texts: []Text{}, TextsCut: o.TextsCut, Parts: []MessagePart{}}
	for _, f := range o.Header {
		p.Header = append(p.Header, HeaderField(f))
	}
	for _, t := range o.Texts {
		p.Texts = append(p.Texts, Text{t.Path, t.HTML, t.Text, t.Cut})
	}
	p.Parts = append(p.Parts, newParts(e)...)
	return p
}

// newParts gives the parts in their order, each with all that was not read of it.
// What belongs to no part that is told, such as one past a bound, comes behind.
func newParts(e *rules.Evidence) (all []MessagePart) {
	why := map[string][]string{}
	for _, u := range e.Unread {
		why[u.Path] = append(why[u.Path], u.Detail)
	}
	take := func(path string) string {
		reasons := why[path]
		delete(why, path)
		return strings.Join(reasons, "; ")
	}
	for _, part := range e.Parts {
		all = append(all, MessagePart{part.Path, part.Media, string(part.Format), part.Bytes, string(part.Outcome), take(part.Path)})
	}
	for _, u := range e.Unread {
		if _, left := why[u.Path]; !left {
			continue
		}
		outcome := extract.NotRead
		if u.Partial {
			outcome = extract.Partly
		}
		all = append(all, MessagePart{u.Path, "", string(u.Format), u.Bytes, string(outcome), take(u.Path)})
	}
	return all
}

func (a *api) reveal(ctx context.Context, in *sourceIn) (*page[Revealed], error) {
	content, err := a.opened(ctx, in, quarantine.ActUnmasked)
	if err != nil {
		return nil, err
	}
	defer content.Close() //nolint:errcheck // read only
	evidence, err := a.cfg.Inspector.Inspect(ctx, extract.Source{ReaderAt: content, Size: content.Size()})
	if err != nil {
		return nil, err
	}
	out := Revealed{Findings: evidence.Findings}
	if out.Findings == nil {
		out.Findings = []rules.Finding{}
	}
	return &page[Revealed]{out}, nil
}
