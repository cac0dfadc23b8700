package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/index"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
)

type indexBuild struct {
	Paths    []string `arg:"" optional:"" type:"existingfile" name:"file" help:"Tables: CSV and its relatives, XLSX, ODS, JSON, or any other form in which scan finds tables."`
	Output   string   `short:"o" required:"" placeholder:"FILE" help:"The index file; one that is there is replaced in one step."`
	KeyFile  string   `required:"" placeholder:"FILE" help:"Key file; it is made, with mode 0600, if there is none."`
	Column   []string `placeholder:"NAME[=TYPE]" help:"Take this column, as the given field type; without any, all columns that are recognised as a person's are taken."`
	Postgres string   `placeholder:"URL" env:"BULKHEAD_INDEX_POSTGRES" help:"Read from PostgreSQL: postgres://USER@HOST/DATABASE. The password is better in PGPASSWORD or ~/.pgpass."`
	Query    string   `placeholder:"SQL" help:"The query whose rows are read from PostgreSQL."`
	Format   string   `enum:"table,json" default:"table" help:"How to print what was built."`
}

// Help implements kong.HelpProvider.
func (indexBuild) Help() string {
	return `An index holds keyed hashes of your customers' values, no value and no key. With it
a row or a sentence is known for certain to be of a customer when two of its
values agree on one record (policy "exact-match"). One row should be one person:
take customers, not orders. Columns that tell people apart are worth indexing:
addresses, telephones, numbers, names, birth dates, streets.

NAME is the column's header, or its number from 1; TYPE is a field type such as
contact.email, contact.phone, person.name, id.customer, id.national,
address.street. A given and a family name are indexed as one full name.

A running serve takes the new file as soon as it is in place.

Examples:
  bulkhead index build --key-file index.key customers.csv -o customers.idx
  bulkhead index build --key-file index.key -o c.idx --column mail=contact.email --column no=id.customer crm.xlsx
  bulkhead index build --key-file index.key -o c.idx --postgres postgres://crm@db/crm \
      --query "select email, phone, name, customer_no from customers"`
}

// Run builds an index.
func (c indexBuild) Run(ctx context.Context, p program) error {
	choice, err := parseChoice(c.Column)
	if err != nil {
		return err
	}
	if (c.Postgres == "") != (c.Query == "") {
		return errors.New("want both --postgres and --query, or neither")
	}
	if c.Postgres == "" && len(c.Paths) == 0 {
		return errors.New("nothing to read: want files, or --postgres and --query")
	}
	secret, made, err := index.OpenKey(c.KeyFile)
	if err != nil {
		return err
	}
	if made {
		fmt.Fprintf(p.stderr, "bulkhead: made the key file %s; keep it secret\n", c.KeyFile)
	} else if index.OpenToOthers(c.KeyFile) {
		fmt.Fprintf(p.stderr, "bulkhead: everybody on this machine can read the key file %s: chmod 600 it\n", c.KeyFile)
	}
	var info exact.Info
	err = index.Write(c.Output, func(out *os.File) error {
		scratch, err := newScratch(filepath.Dir(c.Output))
		if err != nil {
			return fmt.Errorf("scratch space beside %s: %w", c.Output, err)
		}
		defer scratch.Close() //nolint:errcheck // gone with its last name
		b := exact.NewBuilder(secret, scratch.(exact.Scratch))
		if err := c.read(ctx, p, b, choice); err != nil {
			return err
		}
		bar := newProgress(p.stderr, "parts sorted", 256)
		defer bar.clear()
		info, err = b.Finish(ctx, out, time.Now(), runtime.GOMAXPROCS(0), bar.set)
		return err
	})
	if err != nil {
		return err
	}
	size, err := os.Stat(c.Output)
	if err != nil {
		return err
	}
	return writeIndex(p.stdout, c.Format, indexReport{Path: c.Output, Bytes: size.Size(), Info: info})
}

// read gives all rows to the builder.
func (c indexBuild) read(ctx context.Context, p program, b *exact.Builder, choice *choice) error {
	x, err := newIndexer(ctx, b, choice)
	if err != nil {
		return err
	}
	for _, path := range c.Paths {
		if err := x.file(path, p); err != nil {
			x.close() //nolint:errcheck // the first error is the one that counts
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if c.Postgres != "" {
		if err := x.postgres(c.Postgres, c.Query, p); err != nil {
			x.close() //nolint:errcheck // the first error is the one that counts
			return fmt.Errorf("postgres: %w", err)
		}
	}
	if err := x.close(); err != nil {
		return err
	}
	return x.enough()
}

// enough reports an index that could never match.
func (x *indexer) enough() error {
	if missing := x.choice.missing(); len(missing) > 0 {
		return fmt.Errorf("no column %s: there are %s", strings.Join(missing, ", "), strings.Join(x.headers, ", "))
	}
	if x.rows == 0 {
		return errors.New("no rows: nothing that looks like a table of people")
	}
	if len(x.taken) < 2 {
		return fmt.Errorf("%d column of a person's, want at least two, since two must agree: name more with --column; there are %s",
			len(x.taken), strings.Join(x.headers, ", "))
	}
	return nil
}
