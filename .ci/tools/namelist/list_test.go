package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestFewUsesAreMarked(t *testing.T) {
	tests := []struct {
		given, family, word int
		want                kind
	}{
		{1, 0, 0, given}, {1, 1, 0, given | family}, {6, 1, 0, given | familyRare}, {1, 6, 0, family | givenRare},
		{5, 0, 1, given}, {1, 0, 1, given | word}, {5, 0, 3, given | word}, {0, 0, 1, word},
	}
	for _, tt := range tests {
		l := make(list)
		for range tt.given {
			l.add("Anna", given)
		}
		for range tt.family {
			l.add(" anna ", family)
		}
		for range tt.word {
			l.add("anna", word)
		}
		if got := l["anna"].kinds(); got != tt.want {
			t.Errorf("%d given, %d family, %d word: %v, want %v", tt.given, tt.family, tt.word, got, tt.want)
		}
	}
}

func TestCyrillicAndGreekNamesAreRomanised(t *testing.T) {
	for name, want := range map[string]string{"иванов": "ivanov", "щукин": "shchukin", "παπαδόπουλος": "papadopoulos", "王": "王", "anna": "anna"} {
		if got := romanise(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestPatternsAndInitialsAreLeftOut(t *testing.T) {
	l := make(list)
	for _, entry := range []string{"{{person.lastName}}", "A", "", "Area 51", strings.Repeat("long", 20)} {
		l.add(entry, given)
	}
	if len(l) != 0 {
		t.Errorf("%d entries", len(l))
	}
}

func TestLeavesOfEveryShape(t *testing.T) {
	raw := json.RawMessage(`{"male":["a",{"value":"b","weight":2}],"female":"c","none":null}`)
	got := leaves(raw)
	slices.Sort(got)
	if strings.Join(got, "") != "abc" {
		t.Errorf("got %q", got)
	}
	if leaves(nil) != nil {
		t.Error("leaves of nothing")
	}
}

func TestExtraEntriesParse(t *testing.T) {
	l := make(list)
	if err := l.addExtra(); err != nil {
		t.Fatal(err)
	}
	if l["jürgen"].kinds()&given == 0 || l["invoice"].kinds()&word == 0 {
		t.Error("entries are missing")
	}
}
