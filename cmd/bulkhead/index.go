package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/bulkhead-dlp/bulkhead/proxy/index"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
)

type indexCommand struct {
	Build  indexBuild  `cmd:"" help:"Make an index of your own customers from files or PostgreSQL."`
	Info   indexInfo   `cmd:"" help:"Show what an index holds; needs no key."`
	Verify indexVerify `cmd:"" help:"Read the whole of an index and check it against its key."`
	Key    indexKey    `cmd:"" help:"Make a new key file."`
}

type indexKey struct {
	File string `arg:"" name:"file" help:"File to make, with mode 0600."`
}

// Help implements kong.HelpProvider.
func (indexKey) Help() string {
	return `The key turns values into hashes that tell nothing without it. Keep it apart from
the index and from its backups; a lost key means building the index again.

Examples:
  bulkhead index key /etc/bulkhead/index.key
  bulkhead index key k1 && bulkhead index build --key-file k1 customers.csv -o customers.idx`
}

// Run makes a key file.
func (c indexKey) Run(p program) error {
	if _, err := index.MakeKey(c.File); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "Made %s. Who has it and an index can try values out: keep it secret.\n", c.File)
	return err
}

type indexInfo struct {
	Path   string `arg:"" type:"existingfile" name:"index" help:"The index file."`
	Format string `enum:"table,json" default:"table" help:"table for people, json for programs."`
}

// Help implements kong.HelpProvider.
func (indexInfo) Help() string {
	return "Examples:\n  bulkhead index info customers.idx\n  bulkhead index info --format json customers.idx"
}

// Run shows an index.
func (c indexInfo) Run(p program) error {
	info, size, err := index.Info(c.Path)
	if err != nil {
		return err
	}
	return writeIndex(p.stdout, c.Format, indexReport{Path: c.Path, Bytes: size, Info: info})
}

type indexVerify struct {
	KeyFile string `required:"" type:"existingfile" placeholder:"FILE" help:"The key that the index was built with."`
	Path    string `arg:"" type:"existingfile" name:"index" help:"The index file."`
}

// Help implements kong.HelpProvider.
func (indexVerify) Help() string {
	return `serve makes the same check before it uses an index.

Exit status: 0 whole and of this key, 2 not.

Examples:
  bulkhead index verify --key-file index.key customers.idx
  bulkhead index verify --key-file index.key new.idx && mv new.idx customers.idx`
}

// Run checks an index.
func (c indexVerify) Run(p program) error {
	secret, err := index.ReadKey(c.KeyFile)
	if err != nil {
		return err
	}
	x, err := index.Open(indexName(c.Path), c.Path, secret)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s is whole: %d records, version %s.\n", c.Path, x.About().Records, x.Version())
	return err
}

// indexReport is an index in JSON. The names are a contract.
type indexReport struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
	exact.Info
}

// writeIndex prints what an index holds.
func writeIndex(w io.Writer, format string, r indexReport) error {
	if format == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	perValue := 0.0
	if r.Values > 0 {
		perValue = float64(r.Bytes) / float64(r.Values)
	}
	fmt.Fprintf(w, "%s: %d records, %d values, %d bytes (%.1f a value), built %s, key %s\n",
		r.Path, r.Records, r.Values, r.Bytes, perValue, r.Built.Format(time.RFC3339), r.KeyCheck)
	if r.Common > 0 {
		fmt.Fprintf(w, "%d values stand in more records than are kept of one value\n", r.Common)
	}
	tab := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tab, "COLUMN\tTYPE\tVALUES\tTELLS (BITS)")
	for _, c := range r.Columns {
		fmt.Fprintf(tab, "%s\t%s\t%d\t%.0f\n", c.Name, c.Type, c.Values, c.Bits)
	}
	return tab.Flush()
}

// indexName returns what an index is called that is given by its file alone.
func indexName(path string) string {
	name := filepath.Base(path)
	name = strings.TrimSuffix(name, filepath.Ext(name))
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) || r == '_' {
			return r
		}
		return '-'
	}, name)
}
