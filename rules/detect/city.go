package detect

// Towns and cities that no list has, by the words that place names begin with
// and the endings they share.

const (
	cityPrefixOdds = 1.8 // "East Jimmychester", "San Pedro"
	cityEndingOdds = 0.8 // "Judymouth"
)

// isCityPrefix reports words that begin the names of places and no names of
// people.
func isCityPrefix(word []byte) bool {
	if len(word) > 6 {
		return false
	}
	switch string(word) {
	case "East", "West", "North", "South", "New", "Lake", "Port", "Fort", "Mount", "Saint", "St.", "San", "Santa", "Los", "Las", "Bad", "Villa",
		"Cape", "Upper", "Lower", "Great", "Little", "Old", "Sankt", "Nova", "Sint", "Stara", "Novi", "Nový", "El", "La", "Le":
		return true
	}
	return false
}

// hasCityEnding reports the endings of place names in English, German, French,
// Scandinavian and Slavic languages.
func hasCityEnding(word []byte) bool {
	n := len(word)
	if n < 7 {
		return false
	}
	switch string(word[n-4:]) {
	case "town", "ford", "bury", "port", "furt", "fort", "dorf", "stad", "borg", "wich", "view", "side", "stan", "grad", "sund", "land":
		return true
	}
	switch string(word[n-5:]) {
	case "ville", "burgh", "mouth", "shire", "haven", "stadt", "furth":
		return true
	}
	switch string(word[n-6:]) {
	case "hausen", "kirche":
		return true
	}
	switch string(word[n-7:]) {
	case "chester", "borough", "kirchen":
		return true
	}
	return false
}
