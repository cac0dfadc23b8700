package rules

import (
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

// RuleSet names the rules, the indexes and the allowed tables that make
// evidence.
func (in *Inspector) RuleSet() string {
	version := Version
	if in.indexes != nil {
		version += "+" + in.indexes.Version()
	}
	if v := in.allowed.TablesVersion(); v != "" {
		version += "+tables@" + v
	}
	return version
}

// known are the records of the owner's indexes that were met in a message.
type known struct {
	set *exact.Set // nil if there is no index
	// sure are records that two fields agreed on beyond doubt, likely those
	// that count only in company.
	sure, likely *keySet
	// looked is how many rows and lines were looked up.
	looked int64
	// own are the records of the message's visible readers and writers.
	own map[Key]bool
}

// maxKnown is how many records are told apart one by one before they are
// estimated.
const maxKnown = 200_000

func newKnown(set *exact.Set) known {
	return known{set: set, sure: newKeySet(maxKnown), likely: newKeySet(maxKnown), own: map[Key]bool{}}
}

// recordKey is the key of a record among the keys of people.
func recordKey(r exact.Record) Key { return Key(r) }

// add takes a match.
func (k *known) add(m *exact.Match) {
	if m.Sure {
		k.sure.add(recordKey(m.Record), 0)
	} else {
		k.likely.add(recordKey(m.Record), 0)
	}
}

// reader notes that an address is of a reader or writer of the message.
func (k *known) reader(address []byte) {
	if k.set == nil {
		return
	}
	for _, r := range k.set.Records(detect.ContactEmail, address) {
		k.own[recordKey(r)] = true
	}
}

// Likely matches count where so many records are likely, and at least one in
// likelyShare of all that was looked up: chance makes one in a million.
const (
	minLikely   = 3
	likelyShare = 1 << 10
)

// count returns how many of the records are neither of the readers nor of
// people who do not count, by their places among all people.
func (k *known) count(env Envelope, all *people, out func(place int) bool) int64 {
	if k.set == nil {
		return 0
	}
	own := map[Key]bool{}
	for key := range k.own {
		own[key] = true
	}
	for _, address := range append([]string{env.From, env.Authenticated}, env.Recipients...) {
		for _, r := range k.set.Records(detect.ContactEmail, []byte(address)) {
			own[recordKey(r)] = true
		}
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
