package detect

// Type is a field type: what a value, or a column of values, is. The names
// (String) are the ones that policies, reports and the JSON contract use, such
// as "contact.email".
type Type uint8

// The field types. The zero value, None, means that nothing is known.
const (
	None Type = iota

	// Names of people.
	PersonName   // full name
	PersonGiven  // given (first) name alone
	PersonFamily // family (last) name alone
	PersonPrefix // Mr, Dr, Frau

	// Ways to reach a person.
	ContactEmail
	ContactPhone
	ContactSocial // social handle or profile link

	// Postal address.
	AddressFull // a whole address in one value
	AddressStreet
	AddressPostcode
	AddressCity
	AddressRegion
	AddressCountry

	// Facts about a person.
	PersonBirthDate
	PersonAge
	PersonSex
	PersonNationality
	PersonMarital
	PersonJob
	PersonPhoto

	// Identifiers.
	IDCustomer // customer, member, account, service or contract number
	IDEmployee
	IDUsername
	IDNational // national identity, social security, insurance or tax number of a person
	IDPassport
	IDLicence // driving licence
	IDHealth  // health service or insurance number
	IDVehicle // VIN, registration plate
	IDDevice  // IMEI, serial number

	// Money.
	FinanceCard
	FinanceIBAN
	FinanceAccount // account number, sort code and account
	FinanceBIC
	FinanceRouting
	FinanceTax // VAT or tax number of a business or sole trader
	FinanceAmount
	FinanceSalary
	FinanceCrypto

	// Network.
	NetIP
	NetMAC
	NetURL
	NetDomain

	// Secrets.
	SecretPassword
	SecretHash
	SecretKey

	// Special categories, GDPR Article 9 and 10.
	HealthCode // ICD-10 and the like
	HealthText // diagnosis, medication, condition, blood type
	SpecialReligion
	SpecialEthnicity
	SpecialPolitics
	SpecialUnion
	SpecialSexLife
	SpecialConviction

	// Context: values that say nothing of a person alone.
	Company
	Product
	Status // flags and states: active, opt-out, yes/no
	Date
	Geo // coordinates
	Number
	Text
	Code // opaque short codes

	NumTypes // count of types, not a type
)

// Category says how much a field type tells about a person by itself.
type Category uint8

const (
	// Context says nothing about a person alone: a product, an amount.
	Context Category = iota
	// Indirect narrows a person down together with others: a birth date, a postcode.
	Indirect
	// Direct points at one person: a full name, an address, a card.
	Direct
	// Sensitive does harm when it is known of a named person: health, secrets.
	Sensitive
)

func (c Category) String() string {
	return [...]string{"context", "indirect", "direct", "sensitive"}[c]
}

type typeInfo struct {
	name     string
	category Category
}

// String returns the type's name in policies and reports; "" for None.
func (t Type) String() string { return t.info().name }

// Category returns how much the type tells about a person.
func (t Type) Category() Category { return t.info().category }

// Parse returns the type with the given name, and whether there is one.
func Parse(name string) (Type, bool) {
	for t := None + 1; t < NumTypes; t++ {
		if t.info().name == name {
			return t, true
		}
	}
	return None, false
}

func (t Type) info() typeInfo {
	switch t {
	case PersonName:
		return typeInfo{"person.name", Direct}
	case PersonGiven:
		return typeInfo{"person.given_name", Indirect}
	case PersonFamily:
		return typeInfo{"person.family_name", Indirect}
	case PersonPrefix:
		return typeInfo{"person.prefix", Context}
	case ContactEmail:
		return typeInfo{"contact.email", Direct}
	case ContactPhone:
		return typeInfo{"contact.phone", Direct}
	case ContactSocial:
		return typeInfo{"contact.social", Direct}
	case AddressFull:
		return typeInfo{"address.full", Direct}
	case AddressStreet:
		return typeInfo{"address.street", Indirect}
	case AddressPostcode:
		return typeInfo{"address.postcode", Indirect}
	case AddressCity:
		return typeInfo{"address.city", Context}
	case AddressRegion:
		return typeInfo{"address.region", Context}
	case AddressCountry:
		return typeInfo{"address.country", Context}
	case PersonBirthDate:
		return typeInfo{"person.birth_date", Indirect}
	case PersonAge:
		return typeInfo{"person.age", Indirect}
	case PersonSex:
		return typeInfo{"person.sex", Indirect}
	case PersonNationality:
		return typeInfo{"person.nationality", Indirect}
	case PersonMarital:
		return typeInfo{"person.marital_status", Indirect}
	case PersonJob:
		return typeInfo{"person.job", Context}
	case PersonPhoto:
		return typeInfo{"person.photo", Indirect}
	case IDCustomer:
		return typeInfo{"id.customer", Indirect}
	case IDEmployee:
		return typeInfo{"id.employee", Indirect}
	case IDUsername:
		return typeInfo{"id.username", Direct}
	case IDNational:
		return typeInfo{"id.national", Direct}
	case IDPassport:
		return typeInfo{"id.passport", Direct}
	case IDLicence:
		return typeInfo{"id.licence", Direct}
	case IDHealth:
		return typeInfo{"id.health", Direct}
	case IDVehicle:
		return typeInfo{"id.vehicle", Indirect}
	case IDDevice:
		return typeInfo{"id.device", Indirect}
	case FinanceCard:
		return typeInfo{"finance.card", Direct}
	case FinanceIBAN:
		return typeInfo{"finance.iban", Direct}
	case FinanceAccount:
		return typeInfo{"finance.account", Direct}
	case FinanceBIC:
		return typeInfo{"finance.bic", Context}
	case FinanceRouting:
		return typeInfo{"finance.routing", Context}
	case FinanceTax:
		return typeInfo{"finance.tax", Indirect}
	case FinanceAmount:
		return typeInfo{"finance.amount", Context}
	case FinanceSalary:
		return typeInfo{"finance.salary", Sensitive}
	case FinanceCrypto:
		return typeInfo{"finance.crypto", Direct}
	case NetIP:
		return typeInfo{"net.ip", Indirect}
	case NetMAC:
		return typeInfo{"net.mac", Indirect}
	case NetURL:
		return typeInfo{"net.url", Context}
	case NetDomain:
		return typeInfo{"net.domain", Context}
	case SecretPassword:
		return typeInfo{"secret.password", Sensitive}
	case SecretHash:
		return typeInfo{"secret.hash", Sensitive}
	case SecretKey:
		return typeInfo{"secret.key", Sensitive}
	case HealthCode:
		return typeInfo{"health.code", Sensitive}
	case HealthText:
		return typeInfo{"health.condition", Sensitive}
	case SpecialReligion:
		return typeInfo{"special.religion", Sensitive}
	case SpecialEthnicity:
		return typeInfo{"special.ethnicity", Sensitive}
	case SpecialPolitics:
		return typeInfo{"special.politics", Sensitive}
	case SpecialUnion:
		return typeInfo{"special.union", Sensitive}
	case SpecialSexLife:
		return typeInfo{"special.sex_life", Sensitive}
	case SpecialConviction:
		return typeInfo{"special.conviction", Sensitive}
	case Company:
		return typeInfo{"context.company", Context}
	case Product:
		return typeInfo{"context.product", Context}
	case Status:
		return typeInfo{"context.status", Context}
	case Date:
		return typeInfo{"context.date", Context}
	case Geo:
		return typeInfo{"context.geo", Context}
	case Number:
		return typeInfo{"context.number", Context}
	case Text:
		return typeInfo{"context.text", Context}
	case Code:
		return typeInfo{"context.code", Context}
	}
	return typeInfo{}
}

// Types returns every field type in order, None left out.
func Types() []Type {
	all := make([]Type, 0, NumTypes-1)
	for t := None + 1; t < NumTypes; t++ {
		all = append(all, t)
	}
	return all
}
