package detect

import "bytes"

// Amounts of money: a number with a currency's sign or ISO 4217 code on either
// side, or with two decimals.

const (
	amountOdds      = 5
	amountPlainOdds = 0.8 // two decimals, no currency
)

// isAmount reports a number with a currency.
func (d *Detector) isAmount(value []byte) bool {
	body := value
	if len(body) > 1 && (body[0] == '-' || body[0] == '+') {
		body = body[1:]
	}
	if n := len(body); n > 2 && body[0] == '(' && body[n-1] == ')' { // accounting: negative
		body = body[1 : n-1]
	}
	rest, front := d.trimCurrency(body, true)
	rest, back := d.trimCurrency(bytes.TrimSpace(rest), false)
	rest = bytes.TrimSpace(rest)
	if bytes.HasSuffix(rest, []byte(",-")) || bytes.HasSuffix(rest, []byte(".-")) {
		rest = rest[:len(rest)-2]
	}
	return (front || back) && isNumber(rest)
}

// trimCurrency removes a currency from the front or the back.
func (d *Detector) trimCurrency(value []byte, front bool) ([]byte, bool) {
	edge := func(c byte) bool { return isLetter(c) || c >= 0x80 || c == '$' }
	if front {
		i := 0
		for i < len(value) && edge(value[i]) {
			i++
		}
		return value[i:], i > 0 && d.isCurrency(value[:i])
	}
	i := len(value)
	for i > 0 && edge(value[i-1]) {
		i--
	}
	return value[:i], i < len(value) && d.isCurrency(value[i:])
}

func (d *Detector) isCurrency(word []byte) bool {
	switch string(word) {
	case "$", "€", "£", "¥", "₹", "₽", "₺", "₩", "₪", "₫", "₴", "฿", "zł", "Kč", "kr", "kr.", "Ft", "лв", "lei", "R$", "US$", "A$", "C$", "HK$",
		"NT$", "S$", "Rs", "Rs.", "Fr", "Fr.", "SFr", "R", "円", "元", "원", "руб", "TL", "EURO", "Euro", "euro":
		return true
	}
	return len(word) == 3 && isUpper(word[0]) && d.kindsOf(word)&kindCurrency != 0
}

// hasCents reports exactly two decimals.
func hasCents(value []byte) bool {
	n := len(value)
	return n >= 4 && (value[n-3] == '.' || value[n-3] == ',') && isDigit(value[n-1]) && isDigit(value[n-2])
}
