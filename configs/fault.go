package configs

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with a configuration, and where.
type Fault struct {
	File   string // "" where it was read from none
	Line   int    // from 1; 0 where the field does not stand in the file
	Column int    // from 1; 0 where the line is all that is known
	Field  string // as its user wrote it; "" where the file cannot be read at all
	What   string // what is wrong, and what would be right
}

// Error is "file:line: field: what".
func (f *Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.File)
	for _, n := range []int{f.Line, f.Column} {
		if n > 0 {
			fmt.Fprintf(&b, ":%d", n)
		}
	}
	for _, part := range []string{f.Field, f.What} {
		if b.Len() > 0 && part != "" {
			b.WriteString(": ")
		}
		b.WriteString(part)
	}
	return b.String()
}

// Faults gives the faults that an error of this package is made of, in their
// order.
func Faults(err error) []*Fault {
	switch e := err.(type) { //nolint:errorlint // the tree is walked here
	case *Fault:
		return []*Fault{e}
	case interface{ Unwrap() error }:
		return Faults(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []*Fault
		for _, part := range e.Unwrap() {
			all = append(all, Faults(part)...)
		}
		return all
	}
	return nil
}
