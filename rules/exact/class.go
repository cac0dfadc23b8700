package exact

import (
	"bytes"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// class is a family of field types whose values are compared with each other:
// a number that one table calls an account's may be a customer's in another.
type class uint8

// The classes. They are part of every hash: a change makes indexes useless.
const (
	noClass class = iota
	emails
	phones
	names
	codes // numbers that a person or an organisation gave out
	dates
	texts // user names, streets, and all that is compared word by word
	numClasses
)

// classOf returns the class of a type, noClass if values of the type say
// nothing of a person or must not be kept even as hashes (secrets).
func classOf(t detect.Type) class {
	switch t {
	case detect.ContactEmail:
		return emails
	case detect.ContactPhone:
		return phones
	case detect.PersonName, detect.PersonGiven, detect.PersonFamily:
		return names
	case detect.IDCustomer, detect.IDEmployee, detect.IDNational, detect.IDPassport, detect.IDLicence, detect.IDHealth,
		detect.IDVehicle, detect.IDDevice, detect.FinanceCard, detect.FinanceIBAN, detect.FinanceAccount, detect.FinanceTax,
		detect.NetMAC, detect.AddressPostcode:
		return codes
	case detect.PersonBirthDate:
		return dates
	case detect.IDUsername, detect.ContactSocial, detect.AddressFull, detect.AddressStreet, detect.FinanceCrypto, detect.NetIP:
		return texts
	}
	return noClass
}

// Indexable reports whether values of a type can be in an index.
func Indexable(t detect.Type) bool { return classOf(t) != noClass }

// typeOf returns the type whose compact form a class compares.
func (c class) typeOf() detect.Type {
	return [...]detect.Type{detect.Text, detect.ContactEmail, detect.ContactPhone, detect.PersonName, detect.IDCustomer,
		detect.PersonBirthDate, detect.IDUsername}[c]
}

// phoneDigits is how many of a telephone number's last digits are compared:
// no country's numbers are shorter, and the same number comes with and without
// the codes before them.
const phoneDigits = 8

// appendForm appends what is hashed for a value: its class and its compact
// form. ok is false for a value that is none of the class, or too short to
// tell anything.
func appendForm(dst []byte, c class, value []byte) (form []byte, ok bool) {
	start := len(dst)
	dst = append(dst, byte(c))
	dst = detect.Compact(dst, c.typeOf(), value)
	compact := dst[start+1:]
	switch c {
	case phones:
		if x := bytes.IndexByte(compact, 'x'); x >= 0 {
			compact = compact[:x] // an extension
		}
		compact = bytes.TrimPrefix(compact, []byte("+"))
		if len(compact) < phoneDigits {
			return dst, false
		}
		tail := copy(dst[start+1:], compact[len(compact)-phoneDigits:])
		return dst[:start+1+tail], true
	case emails:
		return dst, bytes.IndexByte(compact, '@') > 0
	case dates:
		return dst, len(compact) == len("2006-01-02") && compact[4] == '-'
	case codes:
		return dst, len(compact) >= minCode && len(compact) <= maxCode
	}
	return dst, len(compact) >= minText && len(compact) <= maxText
}

// Bounds on the compact form of a value, in bytes: what is shorter tells
// nothing, what is longer is prose.
const (
	minCode, maxCode = 3, 64
	minText, maxText = 3, 256
)
