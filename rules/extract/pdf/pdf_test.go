package pdf

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// customers is the table in testdata/customers-*.pdf.
func customers() [][]string {
	return [][]string{
		{"Number", "Name", "Mail", "City", "Balance"},
		{"4711", "Ada Fjord", "ada.fjord@example.org", "Northwick", "12.50"},
		{"4712", "Bruno Kestrel", "bruno@example.net", "Eastmere", "0.00"},
		{"4713", "Cleo Marsh", "cleo.m@example.com", "Northwick", "103.20"},
		{"4714", "Dov Tarn", "dov.tarn@example.org", "Southold", "7.75"},
		{"4715", "Edda Quill", "edda@example.net", "Westerby", "-3.10"},
		{"4716", "Femi Rook", "femi.rook@example.com", "Eastmere", "88.00"},
		{"4717", "Gil Hazel", "gil@example.org", "Southold", "41.99"},
		{"4718", "Hana Birch", "hana.birch@example.net", "Westerby", "5.00"},
	}
}

func load(t testing.TB, pattern string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no file matches %q: %v", pattern, err)
	}
	files := map[string][]byte{}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(n)] = b
	}
	return files
}

func TestTableIsTheSameWhateverWroteIt(t *testing.T) {
	for name, file := range load(t, "customers-*.pdf") {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, file, limits())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][][]string{customers()}, got.tables); diff != "" {
				t.Errorf("tables (-want +got):\n%s", diff)
			}
			if !strings.Contains(got.all(), "These are the customers who asked for a call back") {
				t.Errorf("the sentence above the table is lost: %q", got.texts)
			}
		})
	}
}

func TestLockedFileIsEncrypted(t *testing.T) {
	for name, file := range load(t, "locked-*.pdf") {
		got, err := read(t, file, limits())
		if !errors.Is(err, document.ErrEncrypted) {
			t.Errorf("%s: error %v", name, err)
		}
		if got.all() != "" {
			t.Errorf("%s: read %q without the password", name, got.all())
		}
	}
}

func TestDamagedFileIsReadAsFarAsItGoes(t *testing.T) {
	for name, file := range load(t, "customers-*.pdf") {
		cases := map[string][]byte{
			"bytes before the header": append([]byte("HTTP/1.1 200 OK\r\n\r\n"), file...),
			"bytes behind the end":    append(bytes.Clone(file), make([]byte, 9000)...),
			"wrong startxref":         append(bytes.Clone(file[:bytes.LastIndex(file, []byte("startxref"))]), "startxref\n17\n%%EOF"...),
			"no startxref":            file[:bytes.LastIndex(file, []byte("startxref"))],
		}
		for what, damaged := range cases {
			got, err := read(t, damaged, limits())
			if err != nil {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			if diff := cmp.Diff([][][]string{customers()}, got.tables); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, what, diff)
			}
		}
	}
}

// A font may be all that was cut off; a file that reads without an error must
// have given everything.
func TestCutFileSaysSo(t *testing.T) {
	for name, file := range load(t, "customers-*.pdf") {
		for part := 1; part < 8; part++ {
			got, err := read(t, file[:len(file)*part/8], limits())
			if err == nil && !cmp.Equal([][][]string{customers()}, got.tables) {
				t.Errorf("%s: %d eighths of it read without an error as %q", name, part, got.all())
			}
		}
	}
}

func TestWhatIsNoPDFIsDamaged(t *testing.T) {
	for _, b := range []string{"", "%PDF-1.7\n", "PK\x03\x04", strings.Repeat("1 0 obj ", 1000)} {
		if _, err := read(t, []byte(b), limits()); !errors.Is(err, document.ErrDamaged) {
			t.Errorf("%.20q: error %v", b, err)
		}
	}
}

func TestTableGoesOnOverPages(t *testing.T) {
	got, err := read(t, tablePages(120, 40), limits())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.tables) != 1 || len(got.tables[0]) != 121 {
		t.Fatalf("%d tables, want one of 121 rows", len(got.tables))
	}
	if last := got.tables[0][120]; last[0] != "100119" {
		t.Errorf("last row %q", last)
	}
	if n := strings.Count(got.all(), "Page "); n != 3 {
		t.Errorf("%d page numbers, want 3", n)
	}
}

func TestBoundsEndTheReading(t *testing.T) {
	file := tablePages(400, 40)
	cases := map[string]struct {
		change func(*document.Limits)
		want   error
	}{
		"pages": {func(l *document.Limits) { l.Pages = 3 }, document.ErrTooMany},
		"cells": {func(l *document.Limits) { l.Cells = 100 }, document.ErrTooMany},
		"bytes": {func(l *document.Limits) { l.Bytes = 20 << 10 }, document.ErrTooBig},
	}
	for name, c := range cases {
		lim := limits()
		c.change(&lim)
		got, err := read(t, file, lim)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
		if got.all() == "" {
			t.Errorf("%s: what came before the bound is lost", name)
		}
	}
}

func TestOutputErrorComesBackUnchanged(t *testing.T) {
	want := errors.New("stop")
	file := tablePages(40, 40)
	err := Read(context.Background(), bytes.NewReader(file), int64(len(file)), limits(), &sink{fail: want})
	if err != want { //nolint:errorlint // unchanged is the promise
		t.Errorf("error %v", err)
	}
}

func TestCancelledContextEndsTheReading(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	file := tablePages(40, 40)
	if err := Read(ctx, bytes.NewReader(file), int64(len(file)), limits(), &sink{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
