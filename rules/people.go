package rules

import (
	"slices"
	"unsafe"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/cespare/xxhash/v2"
)

// maxPeople is how many people are told apart one by one; beyond it they are
// estimated (see keySet).
const maxPeople = 1_000_000

// manyPeople is the number beyond which only a person's strongest identifiers
// are kept, to bound memory.
const manyPeople = 100_000

// doubledPeople is the number up to which the room for people doubles as they
// come, so that few are moved; beyond it less memory is left empty.
const doubledPeople = 1 << 15

// identifier is one value by which a person can be told from others.
type identifier struct {
	key    Key
	domain uint32 // hash of an e-mail address's domain, 0 for others
}

// person is what is known of one subject.
type person struct {
	id     Key // the first of the strongest identifiers, by which others know the person
	fields fieldSet
	domain uint32 // of the first e-mail address, 0 if none
	strong bool   // one record held a direct identifier and a further personal field
}

// people are the distinct subjects of a message, resolved as they are found.
type people struct {
	// index holds places in list; with the bit strongest, where the identifier
	// was one of its person's strongest.
	index   keyTable
	list    []person
	more    *keySet // the people beyond maxPeople
	frozen  bool    // shared, and not to be changed
	allowed allowedIn
	tallied tallied
}

// strongestBit marks a strongest identifier in the index. It lies beyond
// maxPeople.
const strongestBit = 1 << 31

func newPeople() *people {
	return &people{}
}

// add takes one record: the identifiers of a person from the strongest to the
// weakest, the first strongest of them of one kind, and the record's field
// types. A record belongs to a known person when one of its strongest
// identifiers is known; a weaker one that agrees does not join two people, so
// that a shared telephone never makes one person of a household.
func (p *people) add(ids []identifier, strongest int, r record) {
	if len(ids) == 0 {
		return
	}
	if p.more != nil {
		p.addBeyond(ids[0])
		return
	}
	at := p.place(ids, strongest)
	if at < 0 {
		p.moreThan(ids[0].key, ids[0].domain)
		return
	}
	who := &p.list[at]
	who.fields.union(r.fields)
	who.strong = who.strong || r.strong
	if len(p.list) > manyPeople {
		ids = ids[:strongest]
	}
	for i, id := range ids {
		if who.domain == 0 {
			who.domain = id.domain
		}
		if i >= strongest {
			p.index.add(id.key, uint32(at))
		} else if strongest > 1 { // else place has marked it
			p.index.mark(id.key, uint32(at), strongestBit)
		}
	}
}

// place returns the place of the person whom one of the strongest identifiers
// names, a new one if none does, -1 if there is no room for one more. A lone
// identifier is marked at once.
func (p *people) place(ids []identifier, strongest int) int {
	next := len(p.list)
	if strongest == 1 && next < maxPeople {
		if at, added := p.index.put(ids[0].key, uint32(next)|strongestBit); at != nil && !added {
			*at |= strongestBit
			return int(*at &^ strongestBit)
		}
	} else {
		for _, id := range ids[:strongest] {
			if i := p.find(id.key); i >= 0 {
				return i
			}
		}
		if next == maxPeople {
			return -1
		}
	}
	if next == cap(p.list) && next < doubledPeople {
		p.list = slices.Grow(p.list, max(next, 1))
	}
	p.list = append(p.list, person{id: ids[0].key})
	return next
}

func (p *people) addBeyond(id identifier) {
	if _, known := p.index.get(id.key); !known {
		p.more.add(id.key, id.domain)
	}
}

// find returns the place of the person with the given key, -1 if unknown.
func (p *people) find(k Key) int {
	if i, known := p.index.get(k); known {
		return int(i &^ strongestBit)
	}
	return -1
}

func (p *people) empty() bool { return len(p.list) == 0 && p.more == nil }

// clone returns a copy that may be changed.
func (p *people) clone() *people {
	c := &people{index: p.index.clone(), list: slices.Clone(p.list)}
	if p.more != nil {
		c.more = p.more.clone()
	}
	return c
}

// merge adds the people of another part of the message. As with records, one
// is known when one of the strongest identifiers is.
func (p *people) merge(o *people) {
	const nobody = -1
	place := make([]int, len(o.list)) // in p of each of o's
	for i := range place {
		place[i] = nobody
	}
	for k, v := range o.index.all() {
		i := v &^ strongestBit
		if at := p.find(k); at >= 0 && v&strongestBit != 0 && (place[i] == nobody || at < place[i]) {
			place[i] = at
		}
	}
	for i := range o.list {
		if place[i] == nobody && len(p.list) < maxPeople {
			place[i] = len(p.list)
			p.list = append(p.list, o.list[i])
		} else if place[i] != nobody {
			p.list[place[i]].union(&o.list[i])
		} else {
			p.moreThan(o.list[i].id, o.list[i].domain)
		}
	}
	for k, v := range o.index.all() {
		switch at := place[v&^strongestBit]; {
		case at == nobody:
		case v&strongestBit != 0:
			p.index.mark(k, uint32(at), strongestBit)
		case len(p.list) <= manyPeople:
			p.index.add(k, uint32(at))
		}
	}
	if o.more != nil {
		p.moreThan(0, 0)
		p.more.merge(o.more)
	}
}

// moreThan counts a person beyond maxPeople; 0 for none yet.
func (p *people) moreThan(k Key, domain uint32) {
	if p.more == nil {
		p.more = newKeySet(0)
	}
	if k != 0 {
		p.more.add(k, domain)
	}
}

// union adds what another part says of the same person.
func (who *person) union(o *person) {
	who.fields.union(o.fields)
	who.strong = who.strong || o.strong
	if who.domain == 0 {
		who.domain = o.domain
	}
}

// size is roughly how many bytes of memory the people take.
func (p *people) size() int64 {
	n := p.index.size() + int64(len(p.list))*int64(unsafe.Sizeof(person{}))
	if p.more != nil {
		n += p.more.size()
	}
	return n
}

// record is what one row or block says of a person.
type record struct {
	fields fieldSet
	strong bool
}

// hashDomain hashes a domain, its ASCII letters in lower case, to 32 bits for
// comparison with the own domains. It is never zero.
func hashDomain[T string | []byte](domain T) uint32 {
	var room [64]byte
	lower := append(room[:0], domain...)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] += 'a' - 'A'
		}
	}
	return hashLower(lower)
}

// hashLower is hashDomain for a domain in lower case.
func hashLower(domain []byte) uint32 { return max(uint32(xxhash.Sum64(domain)), 1) }

// factGroup maps a field type to the fact about a person that it tells, so
// that a given and a family name, or a street and a postcode, are one fact and
// not two. Zero means that the type tells nothing of a person by itself.
func factGroup(t detect.Type) fact {
	switch t {
	case detect.PersonName, detect.PersonGiven, detect.PersonFamily:
		return factName
	case detect.AddressFull, detect.AddressStreet, detect.AddressPostcode:
		return factAddress
	case detect.PersonAge, detect.PersonSex, detect.PersonNationality, detect.PersonPhoto:
		return factTrait
	case detect.SpecialPolitics, detect.FinanceTax, detect.NetMAC, detect.IDDevice:
		return factTrait
	case detect.IDCustomer, detect.IDEmployee:
		return factNumber
	case detect.NetIP:
		return factNetwork
	}
	if t.Category() == detect.Context {
		return factNone
	}
	return factOther + fact(t)
}

// fact is a kind of fact about a person. The values below factOther are weak
// in one way or another; each type without a group is a fact of its own.
type fact uint8

const (
	factNone fact = iota
	factName
	factAddress
	factTrait   // narrows down, but is told of public people as well
	factNumber  // means something only to who gave it out
	factNetwork // a machine's address
	factOther
)
