package rules

import "slices"

// Subjects are the third-party people of a message, by keys that name the same
// people in other messages. It holds no value.
type Subjects struct {
	// Content names all people in the content, whoever reads it: the same for
	// the copies of one mailing. Zero if there is nobody.
	Content Key
	// Left are the people who do not count for these recipients: readers,
	// writers, those of own domains and those of the allow list.
	Left []Key

	all    []person
	places map[int]bool // of those left, in all
	more   int64
}

// Subjects returns the third-party people of a message for an envelope: those
// that a verdict counts.
func (p *Policies) Subjects(env Envelope, ev *Evidence) Subjects {
	s := Subjects{all: ev.all.people.list}
	if ev.all.people.more != nil {
		s.more, _ = ev.all.people.more.count()
	}
	if len(s.all) == 0 {
		return s
	}
	s.places = ev.ownPeople(ownKeys(env, ev))
	p.leaveAllowed(ev, s.places)
	t := ev.all.people.tally(p)
	for _, i := range t.owned {
		s.places[i] = true
	}
	s.Left = make([]Key, 0, len(s.places))
	for i := range s.places {
		s.Left = append(s.Left, s.all[i].id)
	}
	slices.Sort(s.Left)
	s.Content = max(t.content, 1)
	return s
}

// Count is how many people there are. Beyond 1,000,000 it is an estimate.
func (s *Subjects) Count() int64 { return int64(len(s.all)-len(s.Left)) + s.more }

// Found is how many people are told apart in the content, readers included.
func (s *Subjects) Found() int { return len(s.all) }

// Each calls visit with the key of each of the people who are told apart.
func (s *Subjects) Each(visit func(Key)) {
	for i := range s.all {
		if !s.places[i] {
			visit(s.all[i].id)
		}
	}
}
