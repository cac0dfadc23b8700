// Package sample makes labelled tables of made-up people, and of harmless
// things that look like them, and measures how well a table.Typer tells their
// columns apart.
//
// What is always true: the same seed gives the same tables, byte for byte, and
// no value is taken from a real person.
package sample

import (
	_ "embed"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/goccy/go-yaml"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

//go:embed locales.yaml
var localesYAML []byte

//go:embed systems.yaml
var systemsYAML []byte

// Variant is what was done to a table. The set is closed.
type Variant string

// The variants.
const (
	Clean      Variant = "clean"
	Foreign    Variant = "foreign" // clean, with the header words of other programs
	Headerless Variant = "headerless"
	Shuffled   Variant = "shuffled"   // columns in any order
	Transposed Variant = "transposed" // fields down, people across
	Noisy      Variant = "noisy"      // empty cells, misspellings, stray rows
	Mixed      Variant = "mixed"      // with harmless columns among those of people
	Twin       Variant = "twin"       // no people: prices, readings, results, logs
)

// Variants returns all variants in order.
func Variants() []Variant {
	return []Variant{Clean, Foreign, Headerless, Shuffled, Transposed, Noisy, Mixed, Twin}
}

// Table is a labelled table.
type Table struct {
	Name    string // for messages: locale, variant and number
	Locale  string
	Variant Variant
	// Rows are the rows as they would stand in a file, the header first where
	// there is one. A transposed table has its fields down.
	Rows [][]string
	// Types is what each column holds; of a transposed table, each row.
	Types []detect.Type
	// People is the number of distinct people in it.
	People int
}

// header is what a column is called, "" for none.
func (t *Table) header(column int) string {
	switch t.Variant {
	case Headerless:
		return ""
	case Transposed:
		return t.Rows[column][0]
	}
	return t.Rows[0][column]
}

// Grid returns the table's rows as a table.Grid.
func (t *Table) Grid() *Grid { return &Grid{rows: t.Rows} }

// Grid reads a Table's rows.
type Grid struct {
	rows [][]string
	row  [][]byte
}

// Next implements table.Grid.
func (g *Grid) Next() ([][]byte, error) {
	if len(g.rows) == 0 {
		return nil, io.EOF
	}
	g.row = g.row[:0]
	for _, cell := range g.rows[0] {
		g.row = append(g.row, []byte(cell))
	}
	g.rows = g.rows[1:]
	return g.row, nil
}

// Maker makes tables. It is immutable.
type Maker struct {
	names   []string
	locales map[string]*locale
}

// locale holds the words of one language.
type locale struct {
	Given, Family, Street, City, Region, Country []string
	Postcode, Phone, Job, Sex, Marital           []string
	Condition, Company, Product, Status, Note    []string
	Order                                        string // "family" if the family name comes first
	Headers                                      map[string][]string
	foreign                                      map[string][]string // headers, as other programs write them
}

// NewMaker returns a Maker. It fails only if the embedded words are damaged.
func NewMaker() (*Maker, error) {
	m := &Maker{names: []string{"en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "ja", "zh"}}
	if err := yaml.Unmarshal(localesYAML, &m.locales); err != nil {
		return nil, fmt.Errorf("read locales: %w", err)
	}
	var systems map[string]map[string][]string
	if err := yaml.Unmarshal(systemsYAML, &systems); err != nil {
		return nil, fmt.Errorf("read header words of other programs: %w", err)
	}
	for _, name := range m.names {
		l := m.locales[name]
		if l == nil {
			return nil, fmt.Errorf("read locales: %s is missing", name)
		}
		l.foreign = systems[name]
		for kind := range l.Headers {
			if len(l.foreign[kind]) == 0 {
				return nil, fmt.Errorf("read header words of other programs: %s has none for %s", name, kind)
			}
		}
	}
	return m, nil
}

// Tables returns n tables of one variant, the locales by turns.
func (m *Maker) Tables(seed uint64, variant Variant, n int) []Table {
	tables := make([]Table, n)
	for i := range tables {
		name := m.names[i%len(m.names)]
		rng := rand.New(rand.NewPCG(seed, uint64(i)<<8|uint64(variant[0])))
		d := draw{rng: rng, locale: m.locales[name], rows: 12 + rng.IntN(60)}
		if variant == Twin {
			tables[i] = d.twin()
		} else {
			tables[i] = d.people(variant)
		}
		tables[i].Locale, tables[i].Variant = name, variant
		tables[i].Name = fmt.Sprintf("%s %s %d", name, variant, i)
	}
	return tables
}
