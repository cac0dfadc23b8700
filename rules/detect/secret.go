package detect

import "bytes"

// Secrets: password hashes in crypt's modular form and in hexadecimal, keys
// with the prefixes that their issuers publish, private keys, tokens.

const (
	cryptOdds = 8
	hexOdds   = 3.5
	keyOdds   = 7
)

// isCryptHash reports "$2b$12$…", "$argon2id$…", "{SSHA}…", "pbkdf2_sha256$…".
func isCryptHash(value []byte) bool {
	if len(value) < 20 || bytes.IndexByte(value, ' ') >= 0 {
		return false
	}
	for _, prefix := range [...]string{
		"$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$", "$7$", "$apr1$", "$argon2i$", "$argon2id$", "$argon2d$", "$scrypt$", "$pbkdf2",
		"{SSHA}", "{SHA}", "{MD5}", "{SSHA256}", "{SSHA512}", "{CRYPT}", "{BCRYPT}", "pbkdf2_sha256$", "pbkdf2_sha1$", "bcrypt$", "scrypt:",
		"argon2$", "$P$", "$H$", "*",
	} {
		if !bytes.HasPrefix(value, []byte(prefix)) {
			continue
		}
		if prefix == "*" { // MySQL: forty capitals
			return len(value) == 41 && isHexRun(value[1:])
		}
		return true
	}
	return false
}

// hexHashOdds weighs a run of hexadecimal digits of a digest's length. Forty
// are also a Git commit and 32 an identifier, so a header has to decide.
func hexHashOdds(value []byte, s *shape) float32 {
	switch len(value) {
	case 32, 40, 56, 64, 96, 128:
		if isHexRun(value) && s.ascii() > 3 && s.digits() > 3 && (s.of(classUpper) == 0 || s.of(classLower) == 0) {
			return hexOdds
		}
	}
	return 0
}

func isHexRun(value []byte) bool {
	for _, c := range value {
		if !isHex(c) {
			return false
		}
	}
	return true
}

// keyPrefixes are the published prefixes of keys and tokens, with the number
// of letters, digits, '-' and '_' that follow at least.
func keyPrefixes() []keyPrefix {
	return []keyPrefix{
		{"AKIA", 16}, {"ASIA", 16}, // AWS access keys
		{"ghp_", 36}, {"gho_", 36}, {"ghs_", 36}, {"ghu_", 36}, {"ghr_", 36}, {"github_pat_", 30}, {"glpat-", 20},
		{"sk_live_", 16}, {"rk_live_", 16}, {"pk_live_", 16}, {"sk_test_", 16}, {"whsec_", 16}, // Stripe
		{"sk-ant-", 20}, {"sk-proj-", 20}, {"sk-", 32},
		{"xoxb-", 16}, {"xoxp-", 16}, {"xoxa-", 16}, {"xoxs-", 16}, {"xapp-", 16}, // Slack
		{"AIza", 35}, {"ya29.", 20}, // Google
		{"SG.", 40}, {"npm_", 36}, {"pypi-", 30}, {"dop_v1_", 40}, {"shpat_", 30}, {"shpss_", 30}, {"key-", 32},
		{"EAACEdEose0cBA", 10}, {"hf_", 30}, {"glsa_", 30}, {"dapi", 32}, {"hvs.", 20}, {"AGE-SECRET-KEY-1", 50},
	}
}

type keyPrefix struct {
	text string
	rest int
}

// keyLength returns the length of the key that text begins with, 0 for none.
func keyLength(prefixes []keyPrefix, text []byte) int {
	for i := range prefixes {
		p := &prefixes[i]
		if len(text) < len(p.text)+p.rest || text[0] != p.text[0] || string(text[:len(p.text)]) != p.text {
			continue
		}
		n := len(p.text)
		digits := 0
		for n < len(text) && (isAlnum(text[n]) || text[n] == '-' || text[n] == '_' || text[n] == '.') {
			if isDigit(text[n]) {
				digits++
			}
			n++
		}
		if n-len(p.text) >= p.rest && digits > 0 {
			return n
		}
	}
	return jwtLength(text)
}

// jwtLength returns the length of a signed token (RFC 7519): three parts, the
// first an encoded JSON object.
func jwtLength(text []byte) int {
	if len(text) < 30 || !bytes.HasPrefix(text, []byte("eyJ")) {
		return 0
	}
	n, dots := 0, 0
	for n < len(text) && (isAlnum(text[n]) || text[n] == '-' || text[n] == '_' || text[n] == '.') {
		if text[n] == '.' {
			dots++
		}
		n++
	}
	if dots != 2 {
		return 0
	}
	return n
}

// privateKey begins private keys in PEM (RFC 7468), among others.
const privateKey = "-----BEGIN "

func isPrivateKey(text []byte) bool {
	return bytes.HasPrefix(text, []byte(privateKey)) && bytes.Contains(text[:min(len(text), 64)], []byte("PRIVATE KEY"))
}
