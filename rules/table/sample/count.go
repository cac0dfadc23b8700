package sample

import (
	"bytes"
	"encoding/csv"
	"fmt"
)

// CountReport says how well people were counted in a set of tables.
type CountReport struct {
	Tables, Exact int
	// Error is the sum of what was counted too much or too little, as a share
	// of the people there are; 0 is none. In tables of nobody it is the number
	// of people that were seen all the same, for each table.
	Error float64
	// Wrong names the tables whose count was not exact, each with the count
	// and the truth, at most maxWrong of them.
	Wrong []string
}

const maxWrong = 20

// MeasureCount counts the people of each table, written as CSV, by count and
// compares with the truth.
func MeasureCount(tables []Table, count func(name string, csv []byte) (int, error)) (CountReport, error) {
	r := CountReport{Tables: len(tables)}
	off, people := 0, 0
	for i := range tables {
		t := &tables[i]
		text, err := t.CSV()
		if err != nil {
			return r, fmt.Errorf("write table %s: %w", t.Name, err)
		}
		got, err := count(t.Name+".csv", text)
		if err != nil {
			return r, fmt.Errorf("count table %s: %w", t.Name, err)
		}
		people += t.People
		off += max(got-t.People, t.People-got)
		if got == t.People {
			r.Exact++
		} else if len(r.Wrong) < maxWrong {
			r.Wrong = append(r.Wrong, fmt.Sprintf("%s: counted %d, there are %d", t.Name, got, t.People))
		}
	}
	if people == 0 {
		people = len(tables)
	}
	if people > 0 {
		r.Error = float64(off) / float64(people)
	}
	return r, nil
}

// CSV writes the table as RFC 4180 has it.
func (t *Table) CSV() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(t.Rows); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
