package detect

import "bytes"

// asianSchemes are those of Asia and the Middle East.
func asianSchemes() []scheme {
	return []scheme{
		// UIDAI, Aadhaar: Verhoeff.
		{"IN", IDNational, "999999999999", "9999 9999 9999", 1.5, 4, func(id []byte) bool { return id[0] >= '2' && verhoeff(id) }},
		// Income Tax Department, PAN: the fourth letter is the holder's status.
		{"IN", IDNational, "AAAAA9999A", "AAAAA-9999-A", 5, 5, func(id []byte) bool { return bytes.IndexByte([]byte("PCHFATBLJG"), id[3]) >= 0 }},
		// GB 11643-1999, resident identity number: ISO 7064 MOD 11-2.
		{"CN", IDNational, "999999999999999999", "", 6.5, 6.5, isResidentID},
		{"CN", IDNational, "99999999999999999X", "", 7, 7, isResidentID},
		// Immigration Department, HKID.
		{"HK", IDNational, "A9999999", "A999999(9)", 2.5, 7, isHKID},
		{"HK", IDNational, "A999999A", "A999999(A)", 3, 7, isHKID},
		// National Immigration Agency, ROC ID.
		{"TW", IDNational, "A999999999", "", 4, 4, isTaiwan},
		// Resident registration number: a date and a century digit; the check digit ended in 2020.
		{"KR", IDNational, "9999999999999", "999999-9999999", 1.5, 5.5, func(id []byte) bool { return ymd(id) }},
		// Digital Agency, My Number.
		{"JP", IDNational, "999999999999", "9999 9999 9999", 1.5, 4, isMyNumber},
		// Immigration & Checkpoints Authority, NRIC and FIN.
		{"SG", IDNational, "A9999999A", "", 5, 5, isNRIC},
		// Jabatan Pendaftaran Negara, MyKad: a date and a place.
		{"MY", IDNational, "999999999999", "999999-99-9999", 1, 5.5, func(id []byte) bool {
			place := number(id[6:8])
			return ymd(id) && place > 0 && place != 17 && place != 18 && place != 19 && place != 20
		}},
		// Department of Provincial Administration, Thai ID.
		{"TH", IDNational, "9999999999999", "9-9999-99999-99-9", 1.8, 6.5, isThai},
		// Dukcapil, NIK: a date, women's days forty more.
		{"ID", IDNational, "9999999999999999", "", 2, 2, func(id []byte) bool {
			day, month := number(id[6:8]), number(id[8:10])
			if day > 40 {
				day -= 40
			}
			return id[0] != '0' && id[0] <= '9' && day >= 1 && day <= 31 && month >= 1 && month <= 12 && number(id[12:]) > 0
		}},
		// NADRA, CNIC.
		{"PK", IDNational, "9999999999999", "99999-9999999-9", 0, 5, func(id []byte) bool { return id[0] >= '1' && id[0] <= '8' }},
		// Department for Registration of Persons, Sri Lanka.
		{"LK", IDNational, "999999999V", "", 4, 4, isLanka},
		{"LK", IDNational, "999999999X", "", 3, 3, isLanka},
		// Population and Immigration Authority, Teudat Zehut: Luhn.
		{"IL", IDNational, "999999999", "99999999-9", 0.7, 3, luhn},
		// Absher, Saudi national ID and Iqama.
		{"SA", IDNational, "9999999999", "", 1.5, 1.5, func(id []byte) bool { return (id[0] == '1' || id[0] == '2') && luhn(id) }},
		// ICP, Emirates ID.
		{"AE", IDNational, "999999999999999", "999-9999-9999999-9", 4, 7, func(id []byte) bool { return bytes.HasPrefix(id, []byte("784")) && luhn(id) }},
		// Iran, کد ملی.
		{"IR", IDNational, "9999999999", "999-999999-9", 0.7, 5, func(id []byte) bool {
			c := mod11(id, ":98765432")
			return c < 2 && c == last(id) || c >= 2 && 11-c == last(id)
		}},
		// PACI, Kuwait civil ID.
		{"KW", IDNational, "999999999999", "", 3, 3, func(id []byte) bool {
			return (id[0] == '2' || id[0] == '3') && ymd(id[1:]) && 11-mod11(id, "216379:5842") == last(id)
		}},
	}
}

func isResidentID(id []byte) bool {
	if !(date{number(id[6:10]), number(id[10:12]), number(id[12:14])}).plausible() || id[0] < '1' || id[0] > '9' {
		return false
	}
	sum := 0
	for i, weight := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(id[i]-'0') * weight
	}
	return "10X98765432"[sum%11] == id[17]
}

func isHKID(id []byte) bool {
	sum := 36*9 + int(id[0]-'A'+10)*8 + weighted(id[1:], "765432")
	c := (11 - sum%11) % 11
	return c == 10 && id[7] == 'A' || c < 10 && id[7] == byte('0'+c)
}

func isTaiwan(id []byte) bool {
	const order = "ABCDEFGHJKLMNPQRSTUVXYWZIO" // letters in the order of their codes from 10
	code := bytes.IndexByte([]byte(order), id[0]) + 10
	if id[1] != '1' && id[1] != '2' && id[1] != '8' && id[1] != '9' {
		return false
	}
	return (code/10+code%10*9+weighted(id[1:], "876543211"))%10 == 0
}

func isMyNumber(id []byte) bool {
	c := check11(weighted(id, "65432765432"), 0, 0)
	return c == last(id)
}

func isNRIC(id []byte) bool {
	sum := weighted(id[1:], "2765432")
	switch id[0] {
	case 'S':
		return "JZIHGFEDCBA"[sum%11] == id[8]
	case 'T':
		return "JZIHGFEDCBA"[(sum+4)%11] == id[8]
	case 'F':
		return "XWUTRQPNMLK"[sum%11] == id[8]
	case 'G':
		return "XWUTRQPNMLK"[(sum+4)%11] == id[8]
	case 'M':
		return "XWUTRQPNJLK"[10-(sum+3)%11] == id[8]
	}
	return false
}

func isThai(id []byte) bool {
	sum := 0
	for i, c := range id[:12] {
		sum += int(c-'0') * (13 - i)
	}
	return id[0] != '0' && id[0] != '9' && (11-sum%11)%10 == last(id)
}

func isLanka(id []byte) bool {
	day := number(id[2:5]) % 500
	return day >= 1 && day <= 366
}
