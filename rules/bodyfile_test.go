package rules_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/xuri/excelize/v2"
)

// listed are rows of customers, a header first.
func listed(n int) [][]string {
	var rows [][]string
	for line := range strings.Lines(table(n)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), ","))
	}
	return rows
}

// asSheet writes rows as a workbook, with a second sheet that says something
// else.
func asSheet(t *testing.T, rows [][]string) string {
	t.Helper()
	f := excelize.NewFile()
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.NewSheet("notes"); err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellStr("notes", "A1", "exported on Tuesday"); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// joined writes rows with other delimiters and line ends.
func joined(rows [][]string, cell, line string) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(strings.Join(row, cell) + line)
	}
	return b.String()
}

func asHTML(rows [][]string) string {
	return "<html><body><table><tr><td>" + strings.TrimSuffix(joined(rows, "</td><td>", "</td></tr>\n<tr><td>"), "\n<tr><td>") + "</table></body></html>"
}

func asSQL(rows [][]string) string {
	var b strings.Builder
	b.WriteString("CREATE TABLE customers (" + strings.Join(rows[0], " text, ") + " text);\n")
	for _, row := range rows[1:] {
		b.WriteString("INSERT INTO customers VALUES ('" + strings.Join(row, "', '") + "');\n")
	}
	return b.String()
}

func asJSONLines(t *testing.T, rows [][]string) string {
	t.Helper()
	var b strings.Builder
	for _, row := range rows[1:] {
		record := map[string]string{}
		for i, name := range rows[0] {
			record[name] = row[i]
		}
		line, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

const article = `In the spring the council will mend the northern bridge, which carries the road over the river and the two lines of the railway.
The works begin in April and end before the summer; the buses take the way by the mill until then.
`

func TestABodyThatIsAFile(t *testing.T) {
	rows := listed(30)
	csv := joined(rows, ",", "\n")
	html := func(body string) string {
		return strings.Replace(plain(body), "\r\n\r\n", "\r\nContent-Type: text/html\r\n\r\n", 1)
	}
	both := func(kind, body, file string) string {
		return strings.Replace(multipart("ben@reader.example", body, file), "--x\r\n\r\n", "--x\r\nContent-Type: "+kind+"\r\n\r\n", 1)
	}
	for _, c := range []struct {
		what, message string
		want          bool
	}{
		{"CSV", plain(csv), true},
		{"semicolons", plain(joined(rows, ";", "\n")), true},
		{"JSON lines", plain(asJSONLines(t, rows)), true},
		{"an SQL dump", plain(asSQL(rows)), true},
		{"a letter", plain(article), false},
		{"a table under a greeting", plain("Dear Ben,\n\nhere are the customers:\n\n" + csv), false},
		{"two lines", plain(joined(rows[:2], ",", "\n")), false},

		{"a text that is attached", both("text/plain", article, article), true},
		{"a text that is attached in other lines", both("text/plain", article, strings.ReplaceAll(article, " ", "\n")), true},
		{"a text of which a part is attached", both("text/plain", article, article[:len(article)/2]), false},
		{"a text with another attached", both("text/plain", article, strings.ReplaceAll(article, "bridge", "tunnel")), false},
		{"a long text that is attached", both("text/plain", prose(200<<10), prose(200<<10)), true},
		{"a few words that are attached", both("text/plain", "see the file", "see the file"), false},
		{"a table in HTML that is attached as CSV", both("text/html", asHTML(rows), csv), true},
		{"a table in HTML that is attached as a sheet", both("text/html", asHTML(rows), asSheet(t, rows)), true},
		{"a greeting and a table in HTML that is attached", both("text/html", "<p>Dear Ben, here are they all, as I said on Monday</p>"+asHTML(rows), csv), false},
		{"one table in HTML, and another attached", both("text/html", asHTML(rows), joined(listed(31)[1:], ",", "\n")), false},
		{"a letter in HTML", html("<p>" + article + "</p>"), false},
		{"an attachment that is there twice", multipart("ben@reader.example", article, csv, csv), false},
	} {
		check := func(ev *rules.Evidence, how string) {
			v := decide(t, defaultPolicies(t), envelope, ev)
			if got := v.Exposure.BodyIsTable; got != c.want {
				t.Errorf("%s%s: body_is_table is %v, want %v", c.what, how, got, c.want)
			}
		}
		check(inspect(t, c.message), "")
		in, err := inspector()
		if err != nil {
			t.Fatal(err)
		}
		in = in.WithMemory(rules.NewMemory(1 << 20))
		for range 2 {
			ev, err := inspectWith(t.Context(), in, c.message, extract.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			check(ev, ", with a memory")
		}
	}
}
