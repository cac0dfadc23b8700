package detect

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"
)

func TestNameListCoversManyLanguages(t *testing.T) {
	d := newDetector(t)
	tests := []struct {
		word string
		kind kind
	}{
		{"anna", kindGiven}, {"JÜRGEN", kindGiven}, {"juergen", kindGiven}, {"Иван", kindGiven}, {"müller", kindFamily}, {"mueller", kindFamily},
		{"Muller", kindFamily}, {"王", kindFamily}, {"佐藤", kindFamily}, {"김", kindFamily}, {"петров", kindFamily}, {"petrov", kindFamily},
		{"berlin", kindCity}, {"deutschland", kindCountry}, {"Österreich", kindCountry}, {"texas", kindRegion}, {"gmbh", kindCompany}, {"straße", kindStreet},
		{"invoice", kindWord}, {"female", kindSex}, {"geschieden", kindMarital}, {"inactive", kindStatus}, {"EUR", kindCurrency},
	}
	for _, tt := range tests {
		if got := d.kindsOf([]byte(tt.word)); got&tt.kind == 0 {
			t.Errorf("%q: kinds %b lack %b", tt.word, got, tt.kind)
		}
	}
	for _, word := range []string{"xqzzy", "", "qwertzuiop"} {
		if got := d.kindsOf([]byte(word)); got != 0 {
			t.Errorf("%q: kinds %b", word, got)
		}
	}
}

// The table must stay well below full, or look-ups grow slow.
func TestNameListFitsItsTable(t *testing.T) {
	d := newDetector(t)
	used := 0
	for _, slot := range d.words.slots {
		if slot != 0 {
			used++
		}
	}
	if used < 50_000 || used > wordSlots*8/10 {
		t.Errorf("%d of %d slots", used, wordSlots)
	}
}

func TestDamagedListIsAnError(t *testing.T) {
	if _, err := parseKinds([]byte("given,unheard")); err == nil {
		t.Error("an unknown kind was taken")
	}
}

// Nothing in the list is longer than what is looked up.
func TestListedWordsCanBeFound(t *testing.T) {
	d := newDetector(t)
	packed, err := gzip.NewReader(bytes.NewReader(namesGz))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if line[0] != '=' && d.kindsOf(line) == 0 {
			t.Errorf("%q is not found", line)
		}
	}
}
