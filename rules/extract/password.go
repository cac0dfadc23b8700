package extract

import (
	"bytes"
	"io"
	"slices"
	"strings"
)

const (
	maxPasswords = 16
	tapSize      = 64 << 10
)

// tap keeps the beginning of a text that passes, to look for passwords that
// its writer gives for an archive.
type tap struct {
	r    io.Reader
	w    *walk
	on   bool
	seen []byte
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if t.on && len(t.seen) < tapSize {
		t.seen = append(t.seen, p[:min(n, tapSize-len(t.seen))]...)
	}
	return n, err
}

// learn keeps what was seen until something asks for passwords, which in most
// messages nothing does.
func (t *tap) learn() {
	if !t.on {
		return
	}
	t.w.told = append(t.w.told, t.seen)
	if t.w.toldBytes += len(t.seen); t.w.toldBytes > maxTold {
		t.w.learn()
	}
}

// maxTold bounds the text that is kept to be searched for passwords.
const maxTold = 4 * tapSize

// learn searches what was kept.
func (w *walk) learn() {
	for _, text := range w.told {
		if len(w.passwords) == maxPasswords {
			break
		}
		for _, p := range findPasswords(text) {
			if len(w.passwords) < maxPasswords && !slices.Contains(w.passwords, p) {
				w.passwords = append(w.passwords, p)
			}
		}
	}
	w.told, w.toldBytes = nil, 0
}

// candidates are the passwords to try on an archive. "infected" is what
// security people use among themselves.
func (w *walk) candidates() []string {
	w.learn()
	return append(slices.Clone(w.passwords), "infected", "password")
}

// findPasswords returns what stands after a word for password.
func findPasswords(text []byte) []string {
	words := []string{"password", "passwort", "kennwort", "passcode", "passphrase", "mot de passe", "contraseña",
		"wachtwoord", "senha", "palavra-passe", "hasło", "lösenord", "kodeord", "passord", "salasana", "heslo",
		"parola", "пароль", "パスワード", "密码", "pwd", "pass", "pin", "pw"}
	lower := bytes.ToLower(text)
	if len(lower) != len(text) {
		lower = []byte(asciiLower(string(text)))
	}
	var found []string
	add := func(s string) {
		if s != "" && len(s) <= 64 && !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	for _, word := range words {
		for i := 0; len(found) < maxPasswords; {
			k := bytes.Index(lower[i:], []byte(word))
			if k < 0 {
				break
			}
			i += k + len(word)
			value, ok := passwordAfter(text[i:min(len(text), i+200)])
			if !ok {
				continue
			}
			add(value)
			add(strings.TrimRight(value, ".,;:!?)"))
			add(strings.Trim(value, "\"'`“”‘’«»<>()[].,;"))
		}
	}
	return found
}

// passwordAfter reads "… for the file is: X" up to the next blank. There must
// be a colon, an equals sign or a word for "is".
func passwordAfter(s []byte) (string, bool) {
	line, _, _ := strings.Cut(string(s), "\n")
	lower := asciiLower(line)
	best := -1
	for _, sep := range []string{":", "=", "：", " is ", " ist ", " est ", " es ", " lautet ", " lyder ", " är ", " on "} {
		if k := strings.Index(lower, sep); k >= 0 && k < 60 && (best < 0 || k+len(sep) < best) {
			best = k + len(sep)
		}
	}
	if best < 0 {
		return "", false
	}
	f := strings.Fields(strings.TrimLeft(line[best:], ":=- "))
	if len(f) == 0 {
		return "", false
	}
	return f[0], true
}
