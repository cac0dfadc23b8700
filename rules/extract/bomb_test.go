package extract

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// gzipQuine is a gzip file that expands to itself, but for the checksum behind
// it, as Russ Cox describes it in "Zip Files All The Way Down" (2010): in words
// of five bytes, each of which copies what follows or repeats what came before.
func gzipQuine() []byte {
	const (
		begin = "\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xffquin\x00" // a header of three words
		copy0 = "\x00\x00\x00\xff\xff"                             // stored blocks of 0, 1 and 4 words
		copy1 = "\x00\x05\x00\xfa\xff"
		copy4 = "\x00\x14\x00\xeb\xff"
		last0 = "\x01\x00\x00\xff\xff" // the last block, empty
	)
	// A block with two copies of 10 bytes from 20 bytes back: 40 bits.
	var bits uint64
	at := 0
	put := func(v uint64, n int) { bits |= v << at; at += n }
	code := func(v uint64, n int) { // Huffman codes stand with their highest bit first
		for i := n - 1; i >= 0; i-- {
			put(v>>i&1, 1)
		}
	}
	put(0, 1)
	put(1, 2)
	for range 2 {
		code(264-256, 7)
		code(8, 5)
		put(20-17, 3)
	}
	code(0, 7)
	repeat4 := string(binary.LittleEndian.AppendUint64(nil, bits)[:5])
	return []byte(strings.Join([]string{
		begin,
		copy4, begin, copy4,
		repeat4,
		copy1, repeat4,
		copy1, copy1,
		copy4, repeat4, copy1, copy1, copy4,
		repeat4,
		copy4, repeat4, copy4, repeat4, copy4,
		repeat4,
		copy4, repeat4, copy0, copy0, last0,
		repeat4, copy0, copy0, last0,
		"checksum",
	}, ""))
}

func TestTheQuineIsOne(t *testing.T) {
	q := gzipQuine()
	z, err := gzip.NewReader(bytes.NewReader(q))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(z)
	if want := q[:len(q)-len("checksum")]; !errors.Is(err, gzip.ErrChecksum) || !bytes.Equal(got, want) {
		t.Errorf("expands to\n%x, %v, want\n%x", got, err, want)
	}
}

// heapPeak runs f and returns how much the heap grew at most meanwhile, in
// bytes, and how long f took.
func heapPeak(f func()) (grown int64, took time.Duration) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	now := func() int64 { metrics.Read(sample); return int64(sample[0].Value.Uint64()) }
	runtime.GC()
	before, peak := now(), int64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			peak = max(peak, now())
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	start := time.Now()
	f()
	took = time.Since(start)
	close(stop)
	<-stopped
	return peak - before, took
}

// boundsOfABomb are the design's: 2 s and 256 MiB. On a busy machine the
// quickest of five runs is measured.
func boundsOfABomb(t *testing.T, file []byte) (sum Summary) {
	t.Helper()
	for run := range 5 {
		grown, took := heapPeak(func() { _, sum = walkFile(t, file, DefaultLimits()) })
		if testing.Short() {
			break // under the race detector time and memory are several times what they are
		}
		if grown > 256<<20 {
			t.Errorf("the heap grew by %d MiB", grown>>20)
		}
		if took <= 2*time.Second {
			break
		}
		if run == 4 {
			t.Errorf("took %v at the last of five times", took)
		}
	}
	return sum
}

// manyStrings is a workbook of a million shared strings.
func manyStrings(t testing.TB) []byte {
	var b strings.Builder
	b.WriteString(`<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">`)
	for i := range 1_000_000 {
		fmt.Fprintf(&b, "<si><t>Person %d</t></si>", i)
	}
	return workbookOf(t, b.String()+"</sst>", `<row r="1"><c r="A1" t="s"><v>999999</v></c></row>`)
}

// workbookOf is a workbook of one sheet.
func workbookOf(t testing.TB, sharedStrings, rows string) []byte {
	const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	return zipOf(t,
		"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`,
		"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="`+relations+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml", `<workbook `+main+` xmlns:r="`+relations+`"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="`+relations+`/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="`+relations+`/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
		"xl/sharedStrings.xml", sharedStrings,
		"xl/worksheets/sheet1.xml", `<worksheet `+main+`><sheetData>`+rows+`</sheetData></worksheet>`)
}

// pdfOf is a file of the objects given, the first of which is the catalogue.
// It has no table of them: they are found by their marks.
func pdfOf(objects ...string) []byte {
	var b strings.Builder
	b.WriteString("%PDF-1.7\n")
	for i, o := range objects {
		fmt.Fprintf(&b, "%d 0 obj %s endobj\n", i+1, o)
	}
	return []byte(b.String() + "trailer << /Root 1 0 R >>\n%%EOF\n")
}

func pdfStream(dict, content string) string {
	return fmt.Sprintf("<< %s /Length %d >> stream\n%s\nendstream", dict, len(content), content)
}

// parquetBomb is one value of a dictionary, over and over.
func parquetBomb(t testing.TB) []byte {
	type row struct {
		V string `parquet:"v,dict"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, parquet.Compression(&parquet.Zstd))
	rows := make([]row, 100_000)
	for i := range rows {
		rows[i].V = strings.Repeat("v", 20_000)
	}
	if _, err := w.Write(rows); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bzip2Zeros is 64 MiB of zeros, as bzip2 writes them.
const bzip2Zeros = "QlpoOTFBWSZTWQ4J4t8BX45AAMAAAAggADCATUZCoCWpCoCXMUFZJlNZvAS1wwCidcAAwAAACCAAIKQINjKKiE0qKiE4u5IpwoSFALuD6A=="

func TestBombsOfEveryFormatEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector")
	}
	zeros := make([]byte, 16<<20)
	packed := func(open func(io.Writer) (io.WriteCloser, error)) []byte { return compress(t, zeros, open) }
	bzipped, err := base64.StdEncoding.DecodeString(bzip2Zeros)
	if err != nil {
		t.Fatal(err)
	}
	mixed := []byte(needle)
	for range 10 {
		mixed = zipOf(t, "n.tgz", string(gzipped(t, tarOf(t, "n.zip", string(mixed)))))
	}
	catalogue := "<< /Type /Catalog /Pages 2 0 R >>"
	page := "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>"
	for name, c := range map[string]struct {
		file []byte
		want Reason // "" if it is read to its end
	}{
		"gzip quine":                     {gzipQuine(), TooDeep},
		"zip of tar.gz of zip …":         {mixed, TooDeep},
		"xz":                             {packed(func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }), Ratio},
		"zstd":                           {packed(func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }), Ratio},
		"lz4":                            {packed(func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil }), Ratio},
		"bzip2":                          {bzipped, Ratio},
		"a million shared strings":       {manyStrings(t), ""},
		"Parquet of one value":           {parquetBomb(t), Ratio},
		"PDF of pages within pages":      {pdfOf(catalogue, "<< /Type /Pages /Count 1 /Kids [2 0 R 2 0 R 3 0 R] >>", "<< /Type /Pages /Kids [2 0 R 3 0 R] >>"), ""},
		"PDF of forms within forms":      {pdfOf(catalogue, "<< /Type /Pages /Count 1 /Kids [3 0 R] >>", page, pdfStream("", "/F Do /F Do"), pdfStream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F 5 0 R >> >>", strings.Repeat("/F Do ", 50))), ""},
		"PDF of a length that is itself": {pdfOf(catalogue, "<< /Type /Pages /Count 1 /Kids [3 0 R] >>", page, "<< /Length 4 0 R >> stream\n(x) Tj\nendstream", "5 0 R"), ""},
		"PDF of streams of objects":      {pdfOf(catalogue, "<< /Type /Pages /Count 1 /Kids [3 0 R] >>", page, pdfStream("/Type /ObjStm /N 1 /First 4 /Extends 4 0 R", "4 0 << >>"), "5 0 R"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			sum := boundsOfABomb(t, c.file)
			found := c.want == ""
			for _, u := range sum.Unread {
				found = found || u.Reason == c.want
				if u.Reason == Failed || u.Reason == Timeout {
					t.Errorf("unread %+v", u)
				}
			}
			if !found {
				t.Errorf("unread %.300v, want %s", sum.Unread, c.want)
			}
		})
	}
}
