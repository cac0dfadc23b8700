package rules

import (
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// Exposure is what a message would expose to these recipients: the evidence
// less what its own readers and writers already know. It holds counts and
// kinds only, no value.
type Exposure struct {
	// Subjects is the number of distinct third-party people. Beyond
	// 1,000,000 it is an estimate with a standard error of 0.81 %.
	Subjects int64 `json:"subjects"`
	// Direct is how many of the subjects have, in one record, a direct
	// identifier and at least one more fact about them.
	Direct int64 `json:"direct"`
	// Sensitive is how many of the subjects have a sensitive field.
	Sensitive int64 `json:"sensitive"`
	// Contacts is the number of distinct third-party mail addresses and phone
	// numbers in bodies and attachments.
	Contacts int64 `json:"contacts"`
	// Cards and NationalIDs are distinct valid values.
	Cards       int64 `json:"cards"`
	NationalIDs int64 `json:"national_ids"`
	// Records is the number of rows and blocks with data of a person.
	Records int64 `json:"records"`
	// LargestTable is the most rows that one table had.
	LargestTable int64 `json:"largest_table"`
	// Fields are the names of the field types found, sorted.
	Fields []string `json:"fields"`
	// ByCategory counts the subjects that have a field of a category.
	ByCategory map[string]int64 `json:"subjects_by_category"`
	// Recipients is the number of envelope recipients, External how many of
	// them are outside the configured own domains.
	Recipients int64 `json:"recipients"`
	External   int64 `json:"external_recipients"`
	// OwnRecord is true when a record of the sender or a recipient was found,
	// and not counted.
	OwnRecord bool `json:"own_record"`
	// Echoed is how many subjects are recipients of the same run, or of this
	// sender's recent runs.
	Echoed int64 `json:"echoed_recipients"`
	// ExactRows is how many records of the exact-match index were found in rows
	// or passages: two or more of their fields agreed. Those of the readers and
	// writers are not counted.
	ExactRows int64 `json:"exact_rows"`
	// BodyIsTable is true when a body is a file: nothing but one table, or the
	// same as an attachment.
	BodyIsTable bool `json:"body_is_table"`
	// Confidence is the mean confidence of the column types that counted.
	Confidence float64 `json:"confidence"`
	// Completeness says how much was read, Unread why not: reasons, sorted.
	Completeness Completeness `json:"completeness"`
	Unread       []string     `json:"unread"`
}

// exposure computes what evidence means for these recipients.
func (p *Policies) exposure(env Envelope, ev *Evidence, recent Recent) Exposure {
	x := Exposure{
		Records: ev.Records, LargestTable: ev.LargestTable, BodyIsTable: ev.BodyIsTable || ev.BodyIsAttachment,
		Completeness: ev.Completeness, Recipients: int64(len(env.Recipients)),
		Confidence: meanConfidence(ev.Findings),
		ByCategory: map[string]int64{},
	}
	for _, u := range ev.Unread {
		if tooSmall(u) {
			continue
		}
		if r := string(u.Reason); !slices.Contains(x.Unread, r) {
			x.Unread = append(x.Unread, r)
		}
	}
	slices.Sort(x.Unread)
	for _, rcpt := range env.Recipients {
		if !p.own[hashDomain(domainOf(rcpt))] {
			x.External++
		}
	}
	own := ownKeys(env, ev)
	all := ev.all
	left := ev.ownPeople(own)
	x.OwnRecord = len(left) > 0
	allowed := p.leaveAllowed(ev, left)
	x.countPeople(all.people, all.people.tally(p).without(all.people, left))
	x.ExactRows = ev.exactRows(env, func(i int) bool { return left[i] || p.own[all.people.list[i].domain] })
	for k := range own {
		if _, in := all.contacts.exact.get(k); in {
			x.OwnRecord = true
		}
	}
	x.Contacts = all.contacts.countWithout(both(own, allowed), p.own)
	x.Cards = all.cards.countWithout(allowed, nil)
	x.NationalIDs = all.national.countWithout(allowed, nil)
	x.Echoed = p.echoed(ev, recent.RunRecipients, left, both(own, allowed))
	return x
}

// minDamaged is the size in bytes below which a damaged part, or one of an
// unknown format, can hold no ten records: its own structure takes as much.
const minDamaged = 1 << 10

// tooSmall reports whether a part that was not read cannot hide a table. It
// still makes the reading partial.
func tooSmall(u extract.Unread) bool {
	switch {
	case u.Bytes <= 0 || u.Bytes >= minDamaged:
		return false
	case u.Reason == extract.Corrupt:
		return u.Format == extract.FormatPDF // an archive of this size may well hold them
	}
	return u.Reason == extract.Unknown
}

// ownKeys are the keys of the message's own readers and writers.
func ownKeys(env Envelope, ev *Evidence) map[Key]bool {
	own := make(map[Key]bool, len(env.Recipients)+len(ev.visible.addresses)+1)
	for _, address := range append(slices.Clip(env.Recipients), env.From, env.Authenticated) {
		if address != "" {
			own[AddressKey(address)] = true
		}
	}
	for k := range ev.visible.addresses {
		own[k] = true
	}
	return own
}

// ownPeople returns the places of the message's own readers and writers among
// all people.
func (e *Evidence) ownPeople(own map[Key]bool) map[int]bool {
	all, left := e.all.people, map[int]bool{}
	for k := range own {
		if i := all.find(k); i >= 0 {
			left[i] = true
		}
	}
	for k := range e.visible.names {
		if i := all.find(k); i >= 0 && all.list[i].domain == 0 {
			left[i] = true
		}
	}
	return left
}

// countPeople takes the counts of the people who are neither left out nor of an
// own domain.
func (x *Exposure) countPeople(all *people, c counts) {
	x.Subjects, x.Direct = c.people, c.strong
	if all.more != nil {
		more, _ := all.more.count()
		x.Subjects += more
		x.Direct += more
	}
	x.Sensitive = c.by[detect.Sensitive]
	for category := detect.Indirect; category <= detect.Sensitive; category++ {
		x.ByCategory[category.String()] = c.by[category]
	}
	x.Fields = []string{}
	for t, n := range c.fields {
		if n > 0 {
			x.Fields = append(x.Fields, detect.Type(t).String())
		}
	}
	slices.Sort(x.Fields)
}

func meanConfidence(findings []Finding) float64 {
	var sum, n float64
	for _, f := range findings {
		for _, c := range f.Columns {
			if c.Confidence >= minConfidence {
				sum += c.Confidence
				n++
			}
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}
