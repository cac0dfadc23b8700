package replay

import (
	"cmp"
	"slices"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// Shift is what goes over: what is held newly, or no more.
type Shift struct {
	Messages int64 `json:"messages"`
	Runs     int64 `json:"runs"`     // mailings that they are copies of
	Subjects int64 `json:"subjects"` // people: the most of each mailing, summed
	// Examples are the mailings with the most people, at most maxExamples.
	Examples []Example `json:"-"`
}

// Example is a mailing of which copies go over.
type Example struct {
	Run      string
	At       time.Time // of the newest copy that goes over
	Messages int64
	Subjects int64 // the most of a copy
	Fields   []string
}

// maxExamples bounds the examples on each side.
const maxExamples = 8

// shift counts what goes over, by mailing.
type shift struct {
	messages int64
	runs     map[string]*Example
	alone    []Example // messages without a mailing
}

func (s *shift) add(e *quarantine.Exposure, j *judged) {
	s.messages++
	if e.Run == "" {
		s.alone = append(s.alone, Example{At: e.At, Messages: 1, Subjects: j.subjects, Fields: j.fields})
		return
	}
	x := s.runs[e.Run]
	if x == nil {
		if s.runs == nil {
			s.runs = map[string]*Example{}
		}
		x = &Example{Run: e.Run, At: e.At, Subjects: -1}
		s.runs[e.Run] = x
	}
	x.Messages++
	if e.At.After(x.At) {
		x.At = e.At
	}
	if j.subjects > x.Subjects {
		x.Subjects, x.Fields = j.subjects, j.fields
	}
}

// end sums up, the mailings with the most people first.
func (s *shift) end() Shift {
	all := s.alone
	for _, x := range s.runs {
		all = append(all, *x)
	}
	sum := Shift{Messages: s.messages, Runs: int64(len(all))}
	for _, x := range all {
		sum.Subjects += x.Subjects
	}
	slices.SortFunc(all, func(a, b Example) int {
		return cmp.Or(cmp.Compare(b.Subjects, a.Subjects), b.At.Compare(a.At), cmp.Compare(a.Run, b.Run))
	})
	sum.Examples = slices.Clone(all[:min(len(all), maxExamples)])
	return sum
}
