package rules

import (
	"context"
	"errors"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// Affected is a person whose data is in a message, as the first record of them
// says it. It holds plain values: it is for the list of the people who must be
// told (GDPR, Article 34), and for nothing else.
type Affected struct {
	// ID tells the person from others within all messages, by the strongest
	// identifier.
	ID Key
	// Part is where the record was found, as in [Finding].
	Part string
	// Values are the record's values by the name of their field type, the first
	// of each type.
	Values map[string]string
}

// People reads a message again and gives each third-party person in it, as far
// as they are told apart one by one. Readers, writers, own domains and whom the
// allow list allows are left out as in a verdict. It stops with visit's error.
func (in *Inspector) People(ctx context.Context, message extract.Source, limits extract.Limits, p *Policies, env Envelope, visit func(Affected) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var own map[Key]bool
	_, err := in.inspect(ctx, message, func(s *sink) (extract.Summary, error) {
		s.together = true
		s.whole.visible = readVisible(s.used.lines, message, in.det)
		s.whole.Reply = s.whole.visible.reply
		own = ownKeys(env, s.whole)
		s.resolver.meet = func(f *found, ids []identifier) {
			var domain uint32 // of an address
			for _, id := range ids {
				domain = max(domain, id.domain)
			}
			for _, id := range ids {
				if p.allowed.HasPeople() && allows(p.allowed, id.key, domain) {
					return
				}
				if own[id.key] || s.whole.visible.names[id.key] || id.domain != 0 && p.own[id.domain] {
					return
				}
			}
			if err := visit(affected(f, ids[0].key, s.part)); err != nil {
				stop(err)
			}
		}
		return in.walker.Message(ctx, message, limits, s)
	})
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

func affected(f *found, id Key, part string) Affected {
	a := Affected{ID: id, Part: part, Values: map[string]string{}}
	for kind, value := range f.values {
		if value != nil {
			a.Values[detect.Type(kind).String()] = string(value)
		}
	}
	return a
}
