package pdf

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// builder writes PDF files object by object.
type builder struct {
	objects []string
	trailer string // further keys of the trailer
}

// add adds an object and returns its number.
func (b *builder) add(body string) int {
	b.objects = append(b.objects, body)
	return len(b.objects)
}

// stream adds a stream with further keys of its dictionary.
func (b *builder) stream(keys, data string) int {
	return b.add(fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", keys, len(data), data))
}

// bytes writes the file; object 1 is its catalog.
func (b *builder) bytes() []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n")
	offsets := make([]int, len(b.objects))
	for i, o := range b.objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(b.objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(b.objects)+1, b.trailer, at)
	return out.Bytes()
}

// onePage returns a file of one page with the content and, as object 5, a
// Helvetica font named F; further objects begin at number 6. keys goes into
// the page, root into the catalog.
func onePage(content, keys, root string, further ...string) []byte {
	b := &builder{}
	b.add("<< /Type /Catalog /Pages 2 0 R " + root + " >>")
	b.add("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	b.add("<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F 5 0 R /G 6 0 R >> /XObject << /X 6 0 R >> >> " + keys + " >>")
	b.stream("", content)
	b.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	for _, o := range further {
		b.add(o)
	}
	return b.bytes()
}

func streamObject(keys, data string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", keys, len(data), data)
}

func deflate(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

// sink records what a reader gives.
type sink struct {
	texts  []string
	tables [][][]string
	files  map[string]string
	fail   error // returned by each call
}

func (s *sink) Text(_ string, r io.Reader) error {
	b, err := io.ReadAll(r)
	s.texts = append(s.texts, string(b))
	return errors.Join(s.fail, err)
}

func (s *sink) Table(_ string, g table.Grid) error {
	var rows [][]string
	for {
		row, err := g.Next()
		if err != nil {
			s.tables = append(s.tables, rows)
			return s.fail
		}
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = string(c)
		}
		rows = append(rows, cells)
	}
}

func (s *sink) File(name string, src io.ReaderAt, size int64) error {
	b, err := io.ReadAll(io.NewSectionReader(src, 0, size))
	if s.files == nil {
		s.files = map[string]string{}
	}
	s.files[name] = string(b)
	return errors.Join(s.fail, err)
}

// all returns all text, that of tables too.
func (s *sink) all() string {
	var b strings.Builder
	b.WriteString(strings.Join(s.texts, "\n"))
	for _, t := range s.tables {
		for _, row := range t {
			b.WriteString("\n" + strings.Join(row, " | "))
		}
	}
	return b.String()
}

func limits() document.Limits {
	return document.Limits{Bytes: 256 << 20, Ratio: 200, Cells: 1_000_000, Pages: 1000, Depth: 24}
}

func read(t testing.TB, file []byte, lim document.Limits) (*sink, error) {
	t.Helper()
	s := &sink{}
	return s, Read(context.Background(), bytes.NewReader(file), int64(len(file)), lim, s)
}
