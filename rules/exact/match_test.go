package exact_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
)

func matcher(t testing.TB, n int) *exact.Matcher {
	t.Helper()
	return exact.NewSet(open(t, build(t, customerColumns, customers(n)))).Matcher()
}

func cells(values ...string) (row [][]byte) {
	for _, v := range values {
		row = append(row, []byte(v))
	}
	return row
}

// sure returns how many of the matches count by themselves.
func sure(matches []exact.Match) (n int) {
	for _, m := range matches {
		if m.Sure {
			n++
		}
	}
	return n
}

func TestRowMatchesWhenTwoRareFieldsAgree(t *testing.T) {
	const (
		none  = detect.None
		name  = detect.PersonName
		email = detect.ContactEmail
		phone = detect.ContactPhone
		id    = detect.IDCustomer
		born  = detect.PersonBirthDate
		post  = detect.AddressPostcode
	)
	a, b := customer(7), customer(8)
	m := matcher(t, 1000)
	for _, c := range []struct {
		what       string
		row        [][]byte
		types      []detect.Type
		sure, weak int
	}{
		{"address and name", cells(a[2], a[1]), []detect.Type{email, name}, 1, 0},
		{"another spelling", cells(strings.ToUpper(a[2]), "Dr. "+a[1]), []detect.Type{email, name}, 1, 0},
		{"family name first", cells(a[2], strings.Join([]string{strings.Fields(a[1])[1], strings.Fields(a[1])[0]}, ", ")), []detect.Type{email, name}, 1, 0},
		{"national spelling of the telephone", cells(a[2], strings.Replace(a[3], "+44 ", "0", 1)), []detect.Type{email, phone}, 1, 0},
		{"another form of date", cells(a[2], a[4][8:]+"."+a[4][5:7]+"."+a[4][:4]), []detect.Type{email, born}, 1, 0},
		{"number without its hyphen", cells(strings.ReplaceAll(a[0], "-", ""), a[2]), []detect.Type{id, email}, 1, 0},
		{"columns of unknown types", cells("x", a[0], "17", a[1], a[2]), []detect.Type{none, none, none, none, none}, 1, 0},
		{"a number called something else", cells(a[0], a[2]), []detect.Type{detect.Code, email}, 1, 0},
		{"two people in a row", cells(a[2], a[1], b[2], b[1]), []detect.Type{email, name, email, name}, 2, 0},
		{"number and name: not sure", cells(a[0], a[1]), []detect.Type{id, name}, 0, 1},
		{"all of one", cells(a...), []detect.Type{id, name, email, phone, born, post}, 1, 0},
		{"one field", cells(a[2]), []detect.Type{email}, 0, 0},
		{"fields of two records", cells(a[2], b[1]), []detect.Type{email, name}, 0, 0},
		{"the same field twice", cells(a[2], a[2]), []detect.Type{email, email}, 0, 0},
		{"postcode and birth date are too common", cells(a[5], a[4]), []detect.Type{post, born}, 0, 0},
		{"nobody", cells("zoe@stranger.example", "Zoe Nobody"), []detect.Type{email, name}, 0, 0},
		{"empty", cells("", ""), []detect.Type{email, name}, 0, 0},
	} {
		got := m.Row(c.row, c.types)
		if s := sure(got); s != c.sure || len(got)-s != c.weak {
			t.Errorf("%s: %d sure and %d other matches, want %d and %d", c.what, s, len(got)-s, c.sure, c.weak)
		}
	}
}

func TestOneRecordHasOneNameWhateverItAgreedBy(t *testing.T) {
	m := matcher(t, 100)
	a := customer(3)
	one := m.Row(cells(a[2], a[1]), []detect.Type{detect.ContactEmail, detect.PersonName})
	two := m.Row(cells(a[3], a[2]), []detect.Type{detect.ContactPhone, detect.ContactEmail})
	if len(one) != 1 || len(two) != 1 || one[0].Record != two[0].Record {
		t.Fatalf("%v and %v, want the same record", one, two)
	}
	want := []exact.Found{{Type: detect.ContactEmail, Start: 0, End: 1}, {Type: detect.PersonName, Start: 1, End: 2}}
	if !slices.Equal(one[0].Fields, want) {
		t.Errorf("agreed by %v, want %v", one[0].Fields, want)
	}
	b := customer(4)
	if other := m.Row(cells(b[2], b[1]), []detect.Type{detect.ContactEmail, detect.PersonName}); other[0].Record == one[0].Record {
		t.Error("two records have one name")
	}
}

func TestIndexesAreSearchedTogether(t *testing.T) {
	staff := build(t, []column{{"login", detect.IDUsername}, {"mail", detect.ContactEmail}}, [][]string{{"kmurphy", "kim@office.example"}})
	set := exact.NewSet(open(t, build(t, customerColumns, customers(50))), open(t, staff))
	m := set.Matcher()
	if n := sure(m.Row(cells("kmurphy", "kim@office.example"), []detect.Type{detect.IDUsername, detect.ContactEmail})); n != 1 {
		t.Errorf("%d matches in the second index, want 1", n)
	}
	a := customer(5)
	if n := sure(m.Row(cells(a[1], a[2]), []detect.Type{detect.PersonName, detect.ContactEmail})); n != 1 {
		t.Errorf("%d matches in the first index, want 1", n)
	}
	if v := set.Version(); strings.Count(v, "customers@") != 2 || !strings.Contains(v, "+") {
		t.Errorf("version %q does not name both", v)
	}
}

// passageOf makes a passage of lines, with the values that stand in it found
// as a detector would.
func passageOf(text string, found ...any) exact.Passage {
	p := exact.Passage{Text: []byte(text)}
	for at := 0; at < len(text); {
		n := strings.IndexByte(text[at:], '\n') + 1
		if n == 0 {
			n = len(text) - at
		}
		at += n
		p.Lines = append(p.Lines, at)
	}
	for i := 0; i < len(found); i += 2 {
		value := found[i+1].(string)
		at := strings.Index(text, value)
		p.Found = append(p.Found, exact.Found{Type: found[i].(detect.Type), Start: at, End: at + len(value)})
	}
	slices.SortFunc(p.Found, func(a, b exact.Found) int { return a.Start - b.Start })
	return p
}

func TestPassageFindsRecordsInRunningText(t *testing.T) {
	a, b := customer(7), customer(8)
	m := matcher(t, 1000)
	for _, c := range []struct {
		what       string
		p          exact.Passage
		sure, weak int
	}{
		{"a sentence", passageOf("Please call "+a[1]+" ("+a[2]+") today.\n", detect.ContactEmail, a[2]), 1, 0},
		{"a name that no list has", passageOf("customer " + a[0] + ", " + a[1] + ", born " + a[4] + "\n"), 1, 0},
		{"a block of lines", passageOf(a[1]+"\n"+a[5]+"\n"+a[2]+"\n", detect.ContactEmail, a[2]), 1, 0},
		{"a list", passageOf(a[2]+" "+a[1]+"\n"+b[2]+" "+b[1]+"\n", detect.ContactEmail, a[2], detect.ContactEmail, b[2]), 2, 0},
		{"an address alone", passageOf("write to "+a[2]+" please\n", detect.ContactEmail, a[2]), 0, 0},
		{"an address with another's name", passageOf(a[2]+" is not "+b[1]+"\n", detect.ContactEmail, a[2]), 0, 0},
		{"nothing", passageOf("The meeting is at 10:30 in room 104233.\n"), 0, 0},
		{"empty", passageOf(""), 0, 0},
	} {
		got := m.Passage(c.p)
		if s := sure(got); s != c.sure || len(got)-s != c.weak {
			t.Errorf("%s: %d sure and %d other matches, want %d and %d", c.what, s, len(got)-s, c.sure, c.weak)
		}
	}
}

func TestWordsOfMuteLinesAreNotRead(t *testing.T) {
	a := customer(7)
	m := matcher(t, 100)
	p := passageOf("about "+a[2]+"\n"+a[1]+"\n", detect.ContactEmail, a[2])
	if n := len(m.Passage(p)); n != 1 {
		t.Fatalf("%d matches, want 1", n)
	}
	p.Mute = func(line int) bool { return line == 1 }
	if n := len(m.Passage(p)); n != 0 {
		t.Errorf("%d matches by the words of a mute line", n)
	}
}

// Strangers of the same make, with numbers from the same range and names from
// the same lists, are no match.
func TestStrangersDoNotMatch(t *testing.T) {
	const records, rows = 5000, 200_000
	m := matcher(t, records)
	types := []detect.Type{detect.IDCustomer, detect.PersonName, detect.ContactEmail, detect.ContactPhone, detect.PersonBirthDate, detect.AddressPostcode}
	weak := 0
	for i := range rows {
		// A stranger's number is a customer's; all else is of another person.
		row := customer(records + i)
		row[0] = customer(i % records)[0]
		row[2] = fmt.Sprintf("s%d@stranger.example", i)
		row[3] = fmt.Sprintf("+49 30 %08d", 50_000_000+i)
		for _, match := range m.Row(cells(row...), types) {
			if match.Sure {
				t.Fatalf("stranger %d matches for sure", i)
			}
			weak++
		}
	}
	if weak > rows/1000 {
		t.Errorf("%d of %d strangers match, though not for sure", weak, rows)
	}
}

// FuzzPassage takes any text: places stay within it, and what is found does
// not depend on what was looked up before.
func FuzzPassage(f *testing.F) {
	a := customer(7)
	f.Add(a[2]+" "+a[1]+"\n"+a[0], uint16(0), uint16(len(a[2])))
	f.Add("\n\n1 2 3 \x80\xff", uint16(3), uint16(900))
	m := matcher(f, 100)
	fresh := matcher(f, 100)
	f.Fuzz(func(t *testing.T, text string, from, size uint16) {
		p := passageOf(text)
		start := min(int(from), len(text))
		p.Found = []exact.Found{{Type: detect.ContactEmail, Start: start, End: min(start+int(size), len(text))}}
		one, two := m.Passage(p), fresh.Passage(p)
		if fmt.Sprint(one) != fmt.Sprint(two) {
			t.Errorf("%v, then %v", one, two)
		}
	})
}
