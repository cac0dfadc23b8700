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
	from int // where the text begins in w.seen
}

// tapped reads a text through a tap.
func (w *walk) tapped(r io.Reader) *tap {
	return &tap{r: r, w: w, on: len(w.passwords) < maxPasswords, from: len(w.seen)}
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if room := t.from + tapSize - len(t.w.seen); t.on && room > 0 {
		t.w.seen = append(t.w.seen, p[:min(n, room)]...)
	}
	return n, err
}

// told is text that passwords may stand in.
type told struct {
	text  []byte
	found []string // what was found in it already
	// again gives the texts of a leaf that was not read, since it is known.
	again func() []told
}

// learn keeps what was seen until something asks for passwords, which in most
// messages nothing does.
func (t *tap) learn() {
	if !t.on {
		return
	}
	t.w.told = append(t.w.told, told{text: t.w.seen[t.from:]})
	if len(t.w.seen) > maxTold {
		t.w.learn()
	}
}

// maxTold bounds the text that is kept to be searched for passwords, in bytes,
// but for the last.
const maxTold = 4 * tapSize

// learn searches what was kept.
func (w *walk) learn() {
	texts := w.told
	w.told = nil
	if w.leaf != nil && !w.leaf.noted {
		w.search(texts[:w.leaf.before])
		texts = texts[w.leaf.before:]
		w.leaf.noted, w.leaf.tried = true, strings.Join(w.passwords, "\n")
	}
	w.search(texts)
	w.seen = w.seen[:0]
}

func (w *walk) search(texts []told) {
	for _, t := range texts {
		if len(w.passwords) == maxPasswords {
			return
		}
		if t.again != nil {
			w.search(t.again())
			continue
		}
		found := t.found
		if t.text != nil {
			found = findPasswords(t.text)
		}
		for _, p := range found {
			if len(w.passwords) < maxPasswords && !slices.Contains(w.passwords, p) {
				w.passwords = append(w.passwords, p)
			}
		}
	}
}

// candidates are the passwords to try on an archive. "infected" is what
// security people use among themselves.
func (w *walk) candidates() []string {
	w.learn()
	if w.leaf != nil {
		w.leaf.asked = true
	}
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
