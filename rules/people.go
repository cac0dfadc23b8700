package rules

import (
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// maxPeople is how many people are told apart one by one; beyond it they are
// estimated (see keySet).
const maxPeople = 1_000_000

// manyPeople is the number beyond which only a person's strongest identifiers
// are kept, to bound memory.
const manyPeople = 100_000

// identifier is one value by which a person can be told from others.
type identifier struct {
	key    Key
	domain uint32 // hash of an e-mail address's domain, 0 for others
}

// person is what is known of one subject.
type person struct {
	fields fieldSet
	domain uint32 // of the first e-mail address, 0 if none
	strong bool   // one record held a direct identifier and a further personal field
}

// people are the distinct subjects of a message, resolved as they are found.
type people struct {
	index keyTable // places in list
	list  []person
	more  *keySet // the people beyond maxPeople
	// readers are the names of the message's own readers and writers.
	readers map[Key]bool
}

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
	at := -1
	for _, id := range ids[:strongest] {
		if i, known := p.index.get(id.key); known {
			at = int(i)
			break
		}
	}
	if at < 0 {
		if len(p.list) == maxPeople {
			p.more = newKeySet(0)
			p.addBeyond(ids[0])
			return
		}
		at = len(p.list)
		p.list = append(p.list, person{})
	}
	who := &p.list[at]
	who.fields.union(r.fields)
	who.strong = who.strong || r.strong
	if len(p.list) > manyPeople {
		ids = ids[:strongest]
	}
	for _, id := range ids {
		if who.domain == 0 {
			who.domain = id.domain
		}
		p.index.add(id.key, uint32(at))
	}
}

func (p *people) addBeyond(id identifier) {
	if _, known := p.index.get(id.key); !known {
		p.more.add(id.key, id.domain)
	}
}

// find returns the place of the person with the given key, -1 if unknown.
func (p *people) find(k Key) int {
	if i, known := p.index.get(k); known {
		return int(i)
	}
	return -1
}

// record is what one row or block says of a person.
type record struct {
	fields fieldSet
	strong bool
}

// hashDomain hashes a domain, its ASCII letters in lower case, to 32 bits for
// comparison with the own domains (FNV-1a).
func hashDomain[T string | []byte](domain T) uint32 {
	h := uint32(2166136261)
	for i := range len(domain) {
		c := domain[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

// factGroup maps a field type to the fact about a person that it tells, so
// that a given and a family name, or a street and a postcode, are one fact and
// not two. Zero means that the type tells nothing of a person by itself.
func factGroup(t detect.Type) fact {
	switch t {
	case detect.PersonName, detect.PersonGiven, detect.PersonFamily:
		return factName
	case detect.AddressFull, detect.AddressStreet, detect.AddressPostcode:
		return factAddress
	case detect.PersonAge, detect.PersonSex, detect.PersonNationality, detect.PersonMarital, detect.PersonPhoto:
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
