package sample

import (
	"fmt"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// column is a column of a table without people.
type column struct {
	header string
	kind   detect.Type
	value  func(i int) string
}

// twin makes a table that has the look of records and no people in it.
func (d *draw) twin() Table {
	all := [][]column{d.prices(), d.readings(), d.results(), d.stocks(), d.logs(), d.code(), d.calendar(), d.species()}
	columns := all[d.rng.IntN(len(all))]
	var t Table
	header := make([]string, len(columns))
	for j, c := range columns {
		header[j] = c.header
		t.Types = append(t.Types, c.kind)
	}
	t.Rows = append(t.Rows, header)
	for i := range d.rows {
		row := make([]string, len(columns))
		for j, c := range columns {
			row[j] = c.value(i)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (d *draw) of(list ...string) func(int) string {
	return func(int) string { return d.pick(list) }
}

func (d *draw) like(pattern string) func(int) string {
	return func(int) string { return d.fill(pattern) }
}

func (d *draw) amount(most int) func(int) string {
	return func(int) string { return fmt.Sprintf("%d.%02d", d.rng.IntN(most), d.rng.IntN(100)) }
}

func (d *draw) below(most int) func(int) string {
	return func(int) string { return strconv.Itoa(d.rng.IntN(most)) }
}

func (d *draw) day() func(int) string {
	return func(i int) string { return fmt.Sprintf("2026-%02d-%02d", 1+(i/28)%12, 1+i%28) }
}

func (d *draw) prices() []column {
	return []column{
		{"sku", detect.Product, d.like("NT-#####")},
		{"item", detect.Product, d.of("Router slim", "Faceplate mk2", "Patch lead white", "Antenna outdoor", "Splitter 5 m")},
		{"unit_price", detect.FinanceAmount, d.amount(150)},
		{"stock", detect.Number, d.below(900)},
		{"ean", detect.Product, d.like("4############")},
	}
}

func (d *draw) readings() []column {
	return []column{
		{"timestamp", detect.Date, func(i int) string { return fmt.Sprintf("2026-03-%02dT%02d:00:00Z", 1+i/24%28, i%24) }},
		{"sensor", detect.Text, d.of("roof north", "cellar", "pump 2", "inlet")},
		{"temperature", detect.Number, d.amount(40)},
		{"humidity", detect.Number, d.below(100)},
		{"pressure", detect.Number, d.amount(1040)},
	}
}

func (d *draw) results() []column {
	return []column{
		{"date", detect.Date, d.day()},
		{"home team", detect.Text, d.of("Rovers", "United", "Albion", "Wanderers", "Athletic", "City")},
		{"away team", detect.Text, d.of("Rovers", "United", "Albion", "Wanderers", "Athletic", "City")},
		{"goals", detect.Number, d.below(6)},
		{"venue", detect.Text, d.of("North Park", "Mill Lane", "Abbey Ground")},
	}
}

func (d *draw) stocks() []column {
	return []column{
		{"Date", detect.Date, d.day()},
		{"Open", detect.FinanceAmount, d.amount(300)},
		{"High", detect.FinanceAmount, d.amount(300)},
		{"Low", detect.FinanceAmount, d.amount(300)},
		{"Close", detect.FinanceAmount, d.amount(300)},
		{"Volume", detect.Number, d.below(9000000)},
	}
}

func (d *draw) logs() []column {
	return []column{
		{"time", detect.Date, func(i int) string { return fmt.Sprintf("2026-10-05 08:%02d:%02d", i/60%60, i%60) }},
		{"status", detect.Status, d.of("ok", "retry", "drop")},
		{"component", detect.Text, d.of("scheduler", "store", "gateway", "index")},
		{"message", detect.Text, d.of("block was written to two nodes", "lease renewed for the writer", "connection closed by the other side")},
		{"bytes", detect.Number, d.below(9000000)},
	}
}

func (d *draw) code() []column {
	return []column{
		{"file name", detect.Text, d.of("main.go", "parser.go", "lexer_test.go", "server.go")},
		{"line", detect.Number, d.below(800)},
		{"function name", detect.Text, d.of("readAll", "newParser", "Close", "mustCompile")},
		{"comment", detect.Text, d.of("returns the number of rows read so far", "closed by the caller after use", "not safe for use by several callers")},
	}
}

func (d *draw) calendar() []column {
	return []column{
		{"date", detect.Date, d.day()},
		{"room", detect.Text, d.of("Ingleborough", "Whernside", "Pen-y-ghent")},
		{"topic", detect.Text, d.of("Retrospective", "Fire drill", "Planning", "Budget")},
		{"seats", detect.Number, d.below(30)},
	}
}

func (d *draw) species() []column {
	return []column{
		{"species", detect.Text, d.of("Iris setosa", "Quercus robur", "Bellis perennis", "Salix alba")},
		{"petal length", detect.Number, d.amount(9)},
		{"country", detect.AddressCountry, d.of("France", "Spain", "Norway", "Poland")},
		{"latitude", detect.Geo, func(int) string { return fmt.Sprintf("%d.%05d", 40+d.rng.IntN(25), d.rng.IntN(100000)) }},
		{"count", detect.Number, d.below(400)},
	}
}
