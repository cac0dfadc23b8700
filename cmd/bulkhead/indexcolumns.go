package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// choice is which columns an index is built of; empty: those that are
// recognised.
type choice struct {
	columns []chosen
}

// chosen is a column that was asked for.
type chosen struct {
	name string
	kind detect.Type // None: to be guessed
	met  bool
}

// parseChoice reads NAME or NAME=TYPE.
func parseChoice(args []string) (*choice, error) {
	c := &choice{}
	for _, arg := range args {
		name, typeName, given := strings.Cut(arg, "=")
		one := chosen{name: strings.TrimSpace(name)}
		if given {
			var known bool
			if one.kind, known = detect.Parse(typeName); !known || !exact.Indexable(one.kind) {
				return nil, fmt.Errorf("--column %s: %q is no type that can be indexed: want one of %s", arg, typeName, indexableTypes())
			}
		}
		c.columns = append(c.columns, one)
	}
	return c, nil
}

func indexableTypes() string {
	var names []string
	for _, t := range detect.Types() {
		if exact.Indexable(t) {
			names = append(names, t.String())
		}
	}
	return strings.Join(names, ", ")
}

// missing returns the columns that were asked for and are in no table.
func (c *choice) missing() (names []string) {
	for _, one := range c.columns {
		if !one.met {
			names = append(names, strconv.Quote(one.name))
		}
	}
	return names
}

// taken is a column of a table that is indexed: one cell, or a given and a
// family name.
type taken struct {
	name  string
	kind  detect.Type
	cells []int
}

// pick decides which columns of a table are indexed, as which types; labelled
// says that the headers are certain to be such. A table of which one column
// alone is recognised is not about people.
func (c *choice) pick(columns []table.Column, labelled bool) (list []taken, err error) {
	if len(c.columns) == 0 {
		for i, column := range columns {
			if column.Confidence >= 0.5 && exact.Indexable(column.Type) {
				list = append(list, taken{safeName(column, i, labelled), column.Type, []int{i}})
			}
		}
		if len(list) < 2 {
			return nil, nil
		}
		return joinNames(list), nil
	}
	for i := range c.columns {
		one := &c.columns[i]
		at := slices.IndexFunc(columns, func(col table.Column) bool { return strings.EqualFold(strings.TrimSpace(col.Header), one.name) })
		if n, err := strconv.Atoi(one.name); at < 0 && err == nil && 1 <= n && n <= len(columns) {
			at = n - 1
		}
		if at < 0 {
			continue
		}
		one.met = true
		kind := one.kind
		if kind == detect.None {
			if kind = columns[at].Type; !exact.Indexable(kind) {
				return nil, fmt.Errorf("column %q is not recognised as a person's: give its type, as in --column %s=id.customer", one.name, one.name)
			}
		}
		list = append(list, taken{one.name, kind, []int{at}})
	}
	return joinNames(list), nil
}

// safeName returns a column's header if it is certain to be one: what a table
// without a header has in its first row are values, and are not to be kept.
func safeName(c table.Column, i int, labelled bool) string {
	if (c.Named > 0 || labelled) && c.Header != "" && len(c.Header) <= 64 {
		return c.Header
	}
	return fmt.Sprintf("column %d", i+1)
}

// joinNames makes one full name of a given and a family name, unless there is
// a full name already.
func joinNames(list []taken) []taken {
	at := func(kind detect.Type) int {
		return slices.IndexFunc(list, func(t taken) bool { return t.kind == kind })
	}
	given, family := at(detect.PersonGiven), at(detect.PersonFamily)
	if given < 0 || family < 0 {
		return list
	}
	full := taken{list[given].name + " + " + list[family].name, detect.PersonName, []int{list[given].cells[0], list[family].cells[0]}}
	has := at(detect.PersonName) >= 0
	list = slices.DeleteFunc(list, func(t taken) bool { return t.kind == detect.PersonGiven || t.kind == detect.PersonFamily })
	if has {
		return list
	}
	return append(list, full)
}
