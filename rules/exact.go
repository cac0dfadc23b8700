package rules

import (
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
)

// WithIndexes returns an inspector that also finds the records of indexes of
// the owner's own customers; nil for none. The receiver stays as it is, so that
// indexes can be swapped while messages are inspected.
func (in *Inspector) WithIndexes(set *exact.Set) *Inspector {
	with := *in
	with.indexes = set
	return &with
}

// RuleSet names the rules, the header words added to them, the indexes and the allowed tables that make
// evidence.
func (in *Inspector) RuleSet() string {
	version := Version
	if in.words != "" {
		version += "+words@" + in.words
	}
	if in.indexes != nil {
		version += "+" + in.indexes.Version()
	}
	if v := in.allowed.TablesVersion(); v != "" {
		version += "+tables@" + v
	}
	return version
}

// known are the records of the owner's indexes that were met.
type known struct {
	// sure are records that two fields agreed on beyond doubt, likely those
	// that count only in company.
	sure, likely *keySet
	// looked is how many rows and lines were looked up.
	looked int64
}

// maxKnown is how many records are told apart one by one before they are
// estimated.
const maxKnown = 200_000

// recordKey is the key of a record among the keys of people.
func recordKey(r exact.Record) Key { return Key(r) }

// agrees takes a match.
func (g *gathered) agrees(m *exact.Match) {
	if m.Sure {
		g.addTo(&g.known.sure, recordKey(m.Record), 0)
	} else {
		g.addTo(&g.known.likely, recordKey(m.Record), 0)
	}
}

// Likely matches count where so many records are likely, and at least one in
// likelyShare of all that was looked up: chance makes one in a million.
const (
	minLikely   = 3
	likelyShare = 1 << 10
)

// exactRows returns how many of the records are neither of the readers nor of
// people who do not count, by their places among all people.
func (e *Evidence) exactRows(env Envelope, out func(place int) bool) int64 {
	if e.indexes == nil {
		return 0
	}
	k, all := &e.all.known, e.all.people
	own := map[Key]bool{}
	of := func(address string) {
		for _, r := range e.indexes.Records(detect.ContactEmail, []byte(address)) {
			own[recordKey(r)] = true
		}
	}
	of(env.From)
	of(env.Authenticated)
	for _, address := range append(slices.Clip(env.Recipients), e.visible.written...) {
		of(address)
	}
	sure, _ := k.sure.count()
	for key := range k.sure.exact.all() {
		if place := all.find(key); own[key] || place >= 0 && out(place) {
			sure--
		}
	}
	likely, _ := k.likely.count()
	for key := range k.likely.exact.all() {
		if _, both := k.sure.exact.get(key); both || own[key] {
			likely--
		}
	}
	if likely < minLikely || likely*likelyShare < k.looked {
		likely = 0
	}
	return sure + likely
}
