package exact

import (
	"math"
	"math/bits"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// How sure a match is, as in record linkage (Fellegi and Sunter, 1969): a
// field that agrees counts by how rare its agreement would be between
// strangers, in bits. A row of strangers agrees with some record by chance
// with a probability of at most
//
//	records · 2^-(bits of the fields that agree)
//
// A match of sureBits counts by itself: less than one row of strangers in 10^9.
// One of weakBits, such as a name and a customer's number of a few digits,
// which another organisation may have given to another person of that name,
// counts only in company, which is the caller's to see.
const (
	sureBits = 30
	weakBits = 20
)

// typeBits is how rare it is that two strangers have the same value of a type.
// Codes are measured instead, since their makers choose their length.
func typeBits(t detect.Type) float64 {
	switch t {
	case detect.ContactEmail:
		return 45
	case detect.ContactPhone:
		return 26.5 // eight digits
	case detect.FinanceCrypto, detect.ContactSocial:
		return 40
	case detect.AddressFull, detect.NetIP:
		return 30
	case detect.IDUsername:
		return 24
	case detect.PersonName:
		return 20
	case detect.AddressStreet:
		return 16
	case detect.PersonBirthDate:
		return 14
	case detect.PersonFamily:
		return 11
	case detect.AddressPostcode:
		return 12
	case detect.PersonGiven:
		return 7
	}
	return maxCodeBits
}

// maxCodeBits bounds what one code can say.
const maxCodeBits = 40

// measured reports whether a type's rarity is taken from the values' shape.
func measured(t detect.Type) bool { return classOf(t) == codes && t != detect.AddressPostcode }

// shape is what a column of codes looks like, position by position from the
// right: a prefix that all share and leading zeros say nothing.
type shape struct {
	at [maxShape]uint64 // a bit for each of 0-9 and A-Z; the last for all else
}

// maxShape is how many positions of a code are looked at.
const maxShape = 24

// add takes one compact code.
func (s *shape) add(compact []byte) {
	for i := range min(len(compact), maxShape) {
		switch c := compact[len(compact)-1-i]; {
		case '0' <= c && c <= '9':
			s.at[i] |= 1 << (c - '0')
		case 'A' <= c && c <= 'Z':
			s.at[i] |= 1 << (10 + c - 'A')
		default:
			s.at[i] |= 1 << 36
		}
	}
}

func (s *shape) merge(o *shape) {
	for i := range s.at {
		s.at[i] |= o.at[i]
	}
}

// bits is the size of the space that the codes range over. A position with
// three different characters is taken to have its whole alphabet.
func (s *shape) bits() float64 {
	const digits = 1<<10 - 1
	const letters = 1<<36 - 1 - digits
	sum := 0.0
	for _, set := range s.at {
		n := bits.OnesCount64(set)
		if n >= 3 {
			n = 0
			if set&digits != 0 {
				n += 10
			}
			if set&letters != 0 {
				n += 26
			}
			n = max(n, 10)
		}
		if n > 0 {
			sum += math.Log2(float64(n))
		}
	}
	return min(sum, maxCodeBits)
}

// frequent is the number of records from which a value's own frequency tells
// how rare it is among strangers.
const frequent = 3

// agreement is how many bits the agreement of a value says that stands in df
// of the index's records. Addresses and telephones are nobody else's, however
// many records of one customer there are.
func (c *Column) agreement(df, records uint32) float64 {
	switch classOf(c.kind) {
	case emails, phones:
		return c.Bits
	}
	if df < frequent {
		return c.Bits
	}
	return max(0, min(c.Bits, math.Log2(float64(records)/float64(df))))
}
