package sqlite

import "strings"

// definition is what a CREATE TABLE statement says of the records.
type definition struct {
	columns []string // in the order in which they are stored
	rowid   int      // the column that is the row number, -1 if none is
}

// column is one column as declared.
type column struct {
	name    string
	integer bool // declared as INTEGER, no more and no less
	primary bool
	unsaved bool // computed when it is read
}

// parseTable reads the columns from a CREATE TABLE statement
// (https://sqlite.org/lang_createtable.html). What it does not understand it
// leaves out: names are a help, the records are read without them.
func parseTable(sql string) definition {
	s := scanner{sql: sql}
	for t := s.next(); t.word != "("; t = s.next() {
		if t.word == "" && !t.quoted {
			return definition{rowid: -1}
		}
	}
	var columns []column
	var keys []string
	for more := true; more; {
		var item []lexeme
		item, more = s.item()
		switch {
		case len(item) == 0:
		case item[0].is("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"):
			keys = append(keys, primaryKey(item)...)
		default:
			columns = append(columns, parseColumn(item))
		}
	}
	without := false
	for t := s.next(); t.word != "" || t.quoted; t = s.next() {
		without = without || t.is("WITHOUT")
	}
	return arrange(columns, keys, without)
}

// arrange puts the columns into the order of storage: a table without row
// numbers stores its primary key first.
func arrange(columns []column, keys []string, without bool) definition {
	find := func(key string) *column {
		for i := range columns {
			if strings.EqualFold(columns[i].name, key) {
				return &columns[i]
			}
		}
		return nil
	}
	for _, k := range keys {
		if c := find(k); c != nil {
			c.primary = true
		}
	}
	d := definition{rowid: -1}
	if without {
		for _, c := range columns {
			if c.primary && len(keys) == 0 {
				keys = append(keys, c.name)
			}
		}
		for _, k := range keys {
			if c := find(k); c != nil && !c.unsaved {
				d.columns = append(d.columns, c.name)
				c.unsaved = true
			}
		}
	}
	for _, c := range columns {
		if c.unsaved {
			continue
		}
		if c.primary && c.integer && len(keys) <= 1 && !without {
			d.rowid = len(d.columns)
		}
		d.columns = append(d.columns, c.name)
	}
	return d
}

// parseColumn reads a column's definition.
func parseColumn(item []lexeme) column {
	c := column{name: item[0].word}
	c.integer = len(item) > 1 && item[1].is("INTEGER") && (len(item) == 2 || constraint(item[2]))
	for i, t := range item {
		switch {
		case t.is("PRIMARY"):
			c.primary = true
		case t.is("AS") && i > 0:
			c.unsaved = true
		case t.is("STORED"):
			c.unsaved = false
		}
	}
	return c
}

// constraint tells whether a word begins a constraint, so that the type ends.
func constraint(t lexeme) bool {
	return t.is("CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS")
}

// primaryKey returns the columns of a table's PRIMARY KEY constraint.
func primaryKey(item []lexeme) []string {
	for len(item) > 0 && !item[0].is("PRIMARY") {
		item = item[1:]
	}
	var keys []string
	named := false
	for _, t := range item {
		switch {
		case !t.quoted && (t.word == "(" || t.word == ","):
			named = true
		case !t.quoted && t.word == ")":
			return keys
		case named:
			keys, named = append(keys, t.word), false
		}
	}
	return keys
}
