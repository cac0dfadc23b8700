package detect

import "bytes"

// Addresses of cryptocurrencies: Bitcoin in Base58 and Bech32 (BIP 173), and
// Ethereum. Shape and alphabet only.

const cryptoOdds = 5

func isCryptoAddress(value []byte) bool {
	n := len(value)
	switch {
	case n == 42 && value[0] == '0' && value[1] == 'x':
		return isHexRun(value[2:])
	case n >= 26 && n <= 35 && (value[0] == '1' || value[0] == '3'):
		mixed := 0
		for _, c := range value {
			if !isAlnum(c) || c == '0' || c == 'O' || c == 'I' || c == 'l' {
				return false
			}
			if isLetter(c) {
				mixed++
			}
		}
		return mixed > 8
	case n >= 42 && n <= 62 && bytes.HasPrefix(value, []byte("bc1")):
		for _, c := range value[3:] {
			if !isDigit(c) && !isLower(c) || c == 'b' || c == 'i' || c == 'o' || c == '1' {
				return false
			}
		}
		return true
	}
	return false
}
