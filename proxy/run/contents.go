package run

import "github.com/bulkhead-dlp/bulkhead/rules"

// maxContents is how many contents of a run, or of a piece of a sender's window,
// are known by name.
const maxContents = 64

// contents are those whose people have been taken, and of each the people who
// were left out in every copy so far: they are readers. So a further copy costs
// its readers and not its people.
type contents map[rules.Key]map[rules.Key]struct{}

// each calls visit with the people of a copy who may be new.
func (c contents) each(s *rules.Subjects, visit func(rules.Key)) {
	if s.Content == 0 {
		return
	}
	left := make(map[rules.Key]struct{}, len(s.Left))
	for _, k := range s.Left {
		left[k] = struct{}{}
	}
	if before, known := c[s.Content]; known {
		for k := range before {
			if _, still := left[k]; !still {
				delete(before, k)
				visit(k)
			}
		}
		return
	}
	s.Each(visit)
	if len(c) < maxContents {
		c[s.Content] = left
	}
}
