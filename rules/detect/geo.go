package detect

import "bytes"

// Coordinates: decimal degrees with four or more decimals, in pairs or alone
// (ISO 6709).

const (
	geoPairOdds = 5
	geoOneOdds  = 1.2
)

// geoOdds weighs a value as a latitude, a longitude or both.
func geoOdds(value []byte) float32 {
	value = bytes.Trim(value, "()[]")
	first, second, pair := bytes.Cut(value, []byte(","))
	if !pair {
		if degrees(value) {
			return geoOneOdds
		}
		return 0
	}
	if degrees(bytes.TrimSpace(first)) && degrees(bytes.TrimSpace(second)) {
		return geoPairOdds
	}
	return 0
}

// degrees reports a number up to 180 with four to fifteen decimals.
func degrees(value []byte) bool {
	if len(value) > 0 && (value[0] == '-' || value[0] == '+') {
		value = value[1:]
	}
	point := bytes.IndexByte(value, '.')
	if point < 1 || point > 3 || len(value)-point-1 < 4 || len(value)-point-1 > 15 {
		return false
	}
	for i, c := range value {
		if i != point && !isDigit(c) {
			return false
		}
	}
	return number(value[:point]) <= 180
}
