package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// ParseKey reads the public key that lists are encrypted to: age1… (X25519) or
// age1pq1… (with ML-KEM), as `age-keygen` prints it.
func ParseKey(text string) (age.Recipient, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") {
		return nil, errors.New("this is a private key: name the public one, which begins with age1")
	}
	keys, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(keys) != 1 {
		return nil, fmt.Errorf("%.12q… is not the public key of one age recipient: want age1…, as age-keygen prints it", text)
	}
	return keys[0], nil
}

// List is a table of people that is written encrypted only: a CSV file
// (RFC 4180, UTF-8) within an armoured age file. It is complete when Close
// returns without an error.
type List struct {
	csv     *csv.Writer
	sealed  io.WriteCloser
	armour  io.WriteCloser
	columns int
	// Rows is how many rows were written, the head not counted.
	Rows int
}

// NewList begins a list with the given columns.
func NewList(w io.Writer, to age.Recipient, columns ...string) (*List, error) {
	armour := armor.NewWriter(w)
	sealed, err := age.Encrypt(armour, to)
	if err != nil {
		return nil, fmt.Errorf("list: encrypting: %w", err)
	}
	l := &List{csv: csv.NewWriter(sealed), sealed: sealed, armour: armour, columns: len(columns)}
	l.csv.UseCRLF = true
	if err := l.csv.Write(columns); err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return l, nil
}

// Add writes one row. A cell that a spreadsheet would take for a formula gets
// an apostrophe before it.
func (l *List) Add(cells ...string) error {
	if len(cells) != l.columns {
		return fmt.Errorf("list: %d cells for %d columns", len(cells), l.columns)
	}
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = cell
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			row[i] = "'" + cell
		}
	}
	if err := l.csv.Write(row); err != nil {
		return fmt.Errorf("list: %w", err)
	}
	l.Rows++
	return nil
}

// Close writes what is left. The writer below stays open.
func (l *List) Close() error {
	l.csv.Flush()
	if err := errors.Join(l.csv.Error(), l.sealed.Close(), l.armour.Close()); err != nil {
		return fmt.Errorf("list: %w", err)
	}
	return nil
}
