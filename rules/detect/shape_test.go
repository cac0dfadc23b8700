package detect

import "testing"

// FuzzShape: what is counted at once is what is counted one by one.
func FuzzShape(f *testing.F) {
	every := make([]byte, 255)
	for c := range every {
		every[c] = byte(c)
	}
	f.Add(every)
	f.Add([]byte("2024-05-01T10:12:33.123Z"))
	f.Add(make([]byte, 300))
	d := newDetector(f)
	f.Fuzz(func(t *testing.T, value []byte) {
		want := shape{n: len(value)}
		for _, c := range value {
			want.count[d.class[c]]++
		}
		if got := d.shapeOf(value); got != want {
			t.Errorf("the shape of %q is %v, want %v", value, got, want)
		}
	})
}

// FuzzPlaces: the places of letters tell which schemes a value can be of, as the
// form does that is read sign by sign.
func FuzzPlaces(f *testing.F) {
	f.Add([]byte("AB 12 34 56 C"))
	f.Add([]byte("9999999A"))
	f.Add([]byte("2024-05-01T10"))
	d := newDetector(f)
	f.Fuzz(func(t *testing.T, value []byte) {
		s := d.shapeOf(value)
		n := s.digits() + s.ascii()
		if n > maxScheme || len(value) > maxCell {
			return
		}
		places := d.letterPlaces(value)
		for _, p := range d.schemes[n][1].list {
			if got, want := places&p.digits == 0 && p.letters&^places == 0, fits(p.form, value); got != want {
				t.Errorf("%q fits %s: %v, want %v", value, p.form, got, want)
			}
		}
	})
}

// fits reports whether value has a form, whatever its case and separators.
func fits(form string, value []byte) bool {
	i := 0
	for _, c := range value {
		if !isAlnum(c) {
			continue
		}
		if i == len(form) || isLetter(c) && form[i] == '9' || isDigit(c) && isLetter(form[i]) {
			return false
		}
		i++
	}
	return i == len(form)
}
