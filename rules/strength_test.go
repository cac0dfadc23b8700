package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

// rows makes a CSV of a header and a row for each of twelve people.
func rows(header string, form func(i int, given, family string) string) string {
	return header + "\n" + each(func(i int, name string) string {
		given, family, _ := strings.Cut(name, " ")
		return form(i, given, family) + "\n"
	})
}

func TestWhatIsTheRecordOfAPerson(t *testing.T) {
	dob := func(i int) string { return fmt.Sprintf("19%d-04-1%d", 50+i, i%10) }
	for what, csv := range map[string]string{
		"given and family name with a street": rows("first_name,last_name,street,city", func(i int, g, f string) string {
			return fmt.Sprintf("%s,%s,%d Mill Lane,Leeds", g, f, i+3)
		}),
		"given and family name with an account": rows("First Name,Last Name,Account Number,Account Type", func(i int, g, f string) string {
			return fmt.Sprintf("%s,%s,24441%05d,Savings", g, f, i*7919)
		}),
		"names that carry numbers": rows("Id,FIRST,LAST,BIRTHDATE,GENDER", func(i int, g, f string) string {
			return fmt.Sprintf("%d,%s%d,%s%d,%s,F", i, g, 100+i, f, 700+i, dob(i))
		}),
		"a name with a birth date": rows("name,born,town", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,%s,Leeds", g, f, dob(i))
		}),
		"a birth date as a point in time": rows("firstname,lastname,birthdate", func(i int, g, f string) string {
			return fmt.Sprintf("%s,%s,%sT18:00:00.000+02:00", g, f, dob(i))
		}),
		"a user's name beside a department": rows("employee_id,username,department", func(i int, g, f string) string {
			return fmt.Sprintf("%d,%c%s,Marketing", 1001+i, g[0]|0x20, strings.ToLower(f))
		}),
		"words of another language": rows("nama,no hp,alamat", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,081234567%02d,Jalan Merdeka %d", g, f, i+10, i+3)
		}),
		"a customer's number with a telephone": rows("customer_id,balance,phone", func(i int, _, _ string) string {
			return fmt.Sprintf("C%d,%d.20,+44 1223 4960%02d", 10437+i*37, 50+i, i+10)
		}),
		"a headerless number with a name": rows("1048576,Anna Weber", func(i int, g, f string) string {
			return fmt.Sprintf("%d,%s %s", 1048577+i*7919, g, f)
		}),
		"a player's telephone": rows("player,team,phone", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,Leeds,+44 1223 4960%02d", g, f, i+10)
		}),
		"a patient's name in a list of visits": rows("Visit,Patient,Ward,Arrived", func(i int, g, f string) string {
			return fmt.Sprintf("V%d,%s %s,%d,2026-03-1%d", i, g, f, i%4, i%10)
		}),
		"a name with what is owed": rows("Name,Balance,Since", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,%d.20,2024-03-1%d", g, f, 50+i, i%10)
		}),
		"a subscriber in short": rows("subs_nm,tariff,amt", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,Flat %d,%d.90", g, f, i%3, 10+i)
		}),
		"fields down and people across, in words half known": func() string {
			ref, given, family, since := "cust_no", "fname", "lname", "acq_src"
			for i, name := range twelve {
				g, f, _ := strings.Cut(name, " ")
				ref, given, family = ref+fmt.Sprintf(",%d", 4453246+i*7919), given+","+g, family+","+f
				since += fmt.Sprintf(",%d", 3+i)
			}
			return strings.Join([]string{ref, given, family, since, "zone" + strings.Repeat(",4", len(twelve))}, "\n") + "\n"
		}(),
		"telephones that no plan has": rows("Kunde,Tel.", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,+49 30 %0*d", g, f, 5+i%2*5, 12345+i)
		}),
		"dates that span generations below a word not known": rows("Full Name,zorgelig,note", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,%s,called back", g, f, dob(i*4))
		}),
		"a customer's number in words put together": rows("Klienta kods,Name,Summa", func(i int, g, f string) string {
			return fmt.Sprintf("%d,%s %s,%d.50", 40211+i*7919, g, f, 20+i)
		}),
		"rows of Oracle's INSERT ALL": "set define off\n\ninsert all\n" + each(func(i int, name string) string {
			return fmt.Sprintf("into CO_CUST(CUSTOMER_ID,FULL_NAME,DOB) values (%d,'%s',DATE '%s')\n", i*31, name, dob(i))
		}) + "select * from dual;\n",
		"a note in a cell": rows("ticket,note", func(i int, g, f string) string {
			return fmt.Sprintf("%d,Please call %s %s back on +44 1223 4960%02d before noon", i, g, f, i+10)
		}),
	} {
		if got := direct(t, csv); got < int64(len(twelve)) {
			t.Errorf("%s: got %d people, want %d", what, got, len(twelve))
		}
	}
}

func TestWhatIsNoRecordOfAPerson(t *testing.T) {
	for what, csv := range map[string]string{
		"branches of banks": rows("BLZ,Bank,Ort,PLZ", func(i int, _, f string) string {
			return fmt.Sprintf("%d,Bank %s eG,Hagen,5808%d", 37040044+i*7, f, i%10)
		}),
		"schools named for people": rows("School,Street,Pupils", func(i int, _, f string) string {
			return fmt.Sprintf("%s - Turner,%d Mill Lane,%d", f, i+3, 200+i)
		}),
		"companies that name their founders, without a header": rows("1,Abbott Group,7 Mill Lane,LS1 4AP", func(i int, _, f string) string {
			return fmt.Sprintf("%d,\"%s%s\",%d Mill Lane,LS1 4A%c", i, f, []string{" Inc", ", Kuhn and Turner", " and Sons"}[i%3], i+3, 'A'+i)
		}),
		"a role and a name alone": rows("Patient,Ward", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,%d", g, f, i%4)
		}),
		"candidates": rows("Candidate,State,Gender,Race,Party", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,Ohio,Female,%s,Green", g, f, []string{"White", "Black", "Asian"}[i%3])
		}),
		"players with birth dates": rows("Player,Team,Born,Goals,Height", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,Leeds United,19%d-02-1%d,%d,1.8%d", g, f, 80+i, i%10, i, i%10)
		}),
		"authors": rows("title,author,year,median_income", func(i int, g, f string) string {
			return fmt.Sprintf("The Affair %d,%s %s,2004,%d", i, g, f, 20000+i*100)
		}),
		"a row number": rows("id,name,score", func(i int, g, f string) string {
			return fmt.Sprintf("%d,%s %s,%d.5", 5000+i*13, g, f, i)
		}),
		"measures beside names": rows("member,support,turnout", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,0.%03d,0.%03d", g, f, 101+i*7, 311+i*13)
		}),
		"judges and reports": rows("judge,reporter_citation", func(i int, _, f string) string {
			return fmt.Sprintf("%s,%d F.3d %d", f, 844+i, 914+i)
		}),
		"matches of named players": rows("tourney_id,tourney_name,winner_id,winner_name,winner_age,score", func(i int, g, f string) string {
			return fmt.Sprintf("19%d-20%02d,Tehran,%d,%s %s,26.%d,6-2 6-0", 71+i, i+10, 100087+i*3, g, f, i%10)
		}),
		"dates of the last years below a word not known": rows("Name,zorgelig,note", func(i int, g, f string) string {
			return fmt.Sprintf("%s %s,201%d-04-1%d,first prize", g, f, i%10, i%10)
		}),
		"restaurants": rows("name,addr,city,phone,type", func(i int, _, _ string) string {
			return fmt.Sprintf("The Golden %d,%d Mill Lane,Leeds,+44 1223 4960%02d,italian", i, i+3, i+10)
		}),
		"samples": rows("sample_no,sex,age,visit", func(i int, _, _ string) string {
			return fmt.Sprintf("01-701-10%02d,F,%d,BASELINE", i+15, 40+i)
		}),
	} {
		if got := direct(t, csv); got != 0 {
			t.Errorf("%s: got %d people with a further fact, want none", what, got)
		}
	}
}

// TestPlacesAreNoContacts: telephones of branches are nobody's contact.
func TestPlacesAreNoContacts(t *testing.T) {
	var b strings.Builder
	b.WriteString("place,street,postcode,phone\n")
	for i := range 40 {
		fmt.Fprintf(&b, "Depot %d,%d Mill Lane,CB1 2AB,+44 1223 4960%02d\n", i, i+3, i+10)
	}
	if x := decide(t, defaultPolicies(t), envelope, inspect(t, plain(b.String()))).Exposure; x.Contacts != 0 {
		t.Errorf("got %d contacts, want none", x.Contacts)
	}
}

// TestTablesPastABoundAreRead: a table that is wider than the bound is read as
// far as it goes, and the message is partial; it is no fault.
func TestTablesPastABoundAreRead(t *testing.T) {
	var b strings.Builder
	for range 3 {
		b.WriteString("{")
		for j := range 5000 {
			fmt.Fprintf(&b, `"key%d":%d,`, j, j)
		}
		b.WriteString("\"last\":0}\n")
	}
	if ev := inspect(t, plain(b.String())); ev.Completeness != rules.Partial {
		t.Errorf("got %v, want partial", ev.Completeness)
	}
}

// A row of a table of people is of a person though most of its cells are empty;
// a heading between the rows is not.
func TestRowsWithEmptyCellsAreOfPeopleToo(t *testing.T) {
	csv := rows("name,iban,amount", func(i int, g, f string) string {
		account := 370400440000000000 + i*7919
		check := 98 - (account%97*(1_000_000%97)+131400)%97 // ISO 7064, MOD 97-10: DE is 1314
		name, iban := g+" "+f, fmt.Sprintf("DE%02d%d", check, account)
		switch i {
		case 3:
			iban = ""
		case 5:
			name = ""
		case 7:
			return "Customers of the district,,"
		}
		return fmt.Sprintf("%s,%s,%d.50", name, iban, 20+i)
	})
	v := decide(t, defaultPolicies(t), envelope, inspectFile(t, "list.csv", csv))
	if v.Exposure.Subjects != int64(len(twelve)-1) {
		t.Errorf("%d people, want %d", v.Exposure.Subjects, len(twelve)-1)
	}
}

// Namesakes of different ages are two people; the lines of one person are one.
func TestNamesakes(t *testing.T) {
	for csv, want := range map[string]int64{
		"name,age,department,salary\nAnna Weber,31,Sales,51000\nAnna Weber,58,Works,48000\nBruno Conti,44,Sales,52000\nClara Novak,29,Works,47000\n":                           4,
		"name,marital status,employer\nAnna Weber,single,Northway Ltd\nAnna Weber,widowed,Calder Foods Ltd\nBruno Conti,married,Northway Ltd\nClara Novak,single,Orchid Ltd\n": 4,
		"name,month,department,salary\nAnna Weber,January,Sales,4100\nAnna Weber,March,Sales,4200\nBruno Conti,January,Sales,5200\nClara Novak,May,Works,4700\n":               3,
	} {
		if got := decide(t, defaultPolicies(t), envelope, inspectFile(t, "list.csv", csv)).Exposure.Subjects; got != want {
			t.Errorf("%d people, want %d:\n%s", got, want, csv)
		}
	}
}
