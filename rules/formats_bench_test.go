package rules_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	found "github.com/bulkhead-dlp/bulkhead/rules/table"
	"github.com/parquet-go/parquet-go"
	"github.com/ulikunitz/xz"
)

// BenchmarkFormats reads the accident's table of 20,000 customers in each
// format, once alone (read) and once with everything up to people (inspect).
// One row is one customer.
func BenchmarkFormats(b *testing.B) {
	const n = 20_000
	rows := incidentRows(n)
	in, err := inspector()
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range []struct {
		name string
		make func(testing.TB, [][]string) []byte
	}{
		{"docx", docxTable}, {"pptx", pptxTable}, {"odt", odtTable}, {"rtf", rtfTable}, {"json", jsonTable}, {"ndjson", ndjsonTable},
		{"xml", xmlTable}, {"vcard", vcardTable}, {"sql", sqlTable}, {"tnef", tnefTable}, {"mbox", mboxTable}, {"parquet", parquetTable},
		{"zip", zipTable}, {"xz", xzTable},
	} {
		file := f.make(b, rows)
		src := extract.Source{ReaderAt: bytes.NewReader(file), Size: int64(len(file))}
		b.Run("read/"+f.name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				var d discard
				sum, err := extract.New().File(context.Background(), "f", src, extract.DefaultLimits(), &d)
				if err != nil || len(sum.Unread) > 0 || d.bytes < n*20 {
					b.Fatal(err, sum.Unread, d.bytes)
				}
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
		b.Run("inspect/"+f.name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				ev, err := in.InspectFile(context.Background(), "f", src, extract.DefaultLimits())
				if err != nil || len(ev.Unread) > 0 {
					b.Fatal(err, ev)
				}
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// discard is a sink that reads everything and keeps nothing.
type discard struct{ bytes int64 }

func (d *discard) Text(_ extract.Part, r io.Reader) error {
	n, err := io.Copy(struct{ io.Writer }{io.Discard}, r)
	d.bytes += n
	return err
}

func (d *discard) Table(_ extract.Part, g found.Grid) error {
	for {
		row, err := g.Next()
		if err != nil {
			return nil
		}
		for _, c := range row {
			d.bytes += int64(len(c))
		}
	}
}

// cells writes a table with marks around each row and cell.
func cells(rows [][]string, row, cell, cellEnd, rowEnd string) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(row)
		for _, c := range r {
			b.WriteString(cell + c + cellEnd)
		}
		b.WriteString(rowEnd)
	}
	return b.String()
}

// packaged is a zip of files given as name, content, …
func packaged(tb testing.TB, files ...string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := z.Create(files[i])
		if err == nil {
			_, err = io.WriteString(f, files[i+1])
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func relations(kind, target string) string {
	return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/` +
		kind + `" Target="` + target + `"/></Relationships>`
}

func docxTable(tb testing.TB, rows [][]string) []byte {
	return packaged(tb, "[Content_Types].xml", "<Types/>", "_rels/.rels", relations("officeDocument", "word/document.xml"), "word/document.xml",
		`<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:tbl>`+
			cells(rows, "<w:tr>", "<w:tc><w:p><w:r><w:t>", "</w:t></w:r></w:p></w:tc>", "</w:tr>")+"</w:tbl></w:body></w:document>")
}

func pptxTable(tb testing.TB, rows [][]string) []byte {
	return packaged(tb, "[Content_Types].xml", "<Types/>", "_rels/.rels", relations("officeDocument", "ppt/presentation.xml"),
		"ppt/presentation.xml", `<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId r:id="r1"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", relations("slide", "slides/slide1.xml"),
		"ppt/slides/slide1.xml", `<p:sld xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree><p:graphicFrame><a:graphic><a:graphicData><a:tbl>`+
			cells(rows, "<a:tr>", "<a:tc><a:txBody><a:p><a:r><a:t>", "</a:t></a:r></a:p></a:txBody></a:tc>", "</a:tr>")+
			"</a:tbl></a:graphicData></a:graphic></p:graphicFrame></p:spTree></p:cSld></p:sld>")
}

func odtTable(tb testing.TB, rows [][]string) []byte {
	return packaged(tb, "mimetype", "application/vnd.oasis.opendocument.text", "content.xml",
		`<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:text><table:table>`+
			cells(rows, "<table:table-row>", "<table:table-cell><text:p>", "</text:p></table:table-cell>", "</table:table-row>")+
			"</table:table></office:text></office:body></office:document-content>")
}

func rtfTable(_ testing.TB, rows [][]string) []byte {
	return []byte(`{\rtf1\ansi\ansicpg1252 ` + cells(rows, `\trowd\cellx1000\cellx2000\intbl `, "", `\cell `, "\\row\n") + `\pard end}`)
}

func objects(rows [][]string) []map[string]string {
	var all []map[string]string
	for _, row := range rows[1:] {
		o := make(map[string]string, len(row))
		for i, c := range row {
			o[rows[0][i]] = c
		}
		all = append(all, o)
	}
	return all
}

func jsonTable(tb testing.TB, rows [][]string) []byte {
	b, err := json.MarshalIndent(objects(rows), "", " ")
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func ndjsonTable(tb testing.TB, rows [][]string) []byte {
	var b bytes.Buffer
	for _, o := range objects(rows) {
		if err := json.NewEncoder(&b).Encode(o); err != nil {
			tb.Fatal(err)
		}
	}
	return b.Bytes()
}

func xmlTable(_ testing.TB, rows [][]string) []byte {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n<customers>\n")
	for _, row := range rows[1:] {
		b.WriteString("<customer>")
		for i, c := range row {
			name := strings.TrimSpace(rows[0][i])
			b.WriteString("<" + name + ">" + c + "</" + name + ">")
		}
		b.WriteString("</customer>\n")
	}
	return []byte(b.String() + "</customers>\n")
}

func vcardTable(_ testing.TB, rows [][]string) []byte {
	var b strings.Builder
	for _, row := range rows[1:] {
		fmt.Fprintf(&b, "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:%s\r\nEMAIL;TYPE=HOME:%s\r\nEMAIL;TYPE=WORK:%s\r\nUID:%s\r\nEND:VCARD\r\n", row[2], row[6], row[5], row[0])
	}
	return []byte(b.String())
}

func sqlTable(_ testing.TB, rows [][]string) []byte {
	var b strings.Builder
	for _, row := range rows[1:] {
		b.WriteString("INSERT INTO customers (service_id, username, full_name, product_name, charge, postmaster, alt_email, visp, optout, active, real_name) VALUES ('" +
			strings.Join(row, "', '") + "');\n")
	}
	return []byte(b.String())
}

// tnefTable is a winmail.dat with a CSV file in it ([MS-OXTNEF]).
func tnefTable(_ testing.TB, rows [][]string) []byte {
	b := []byte{0x78, 0x9f, 0x3e, 0x22, 1, 0}
	for _, a := range []struct {
		id   uint32
		data string
	}{{0x00069002, strings.Repeat("\x00", 14)}, {0x00018010, "a.csv\x00"}, {0x0006800f, csvRows(rows)}} {
		b = append(b, 2)
		b = binary.LittleEndian.AppendUint32(b, a.id)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(a.data)))
		b = append(append(b, a.data...), 0, 0)
	}
	return b
}

func mboxTable(_ testing.TB, rows [][]string) []byte {
	var b strings.Builder
	for i := 1; i < len(rows); i += 1000 {
		b.WriteString("From a@sender.example Mon Jan  1 00:00:00 2024\nFrom: a@sender.example\nTo: b@reader.example\nSubject: the list\n\n" +
			csvRows(rows[:1]) + csvRows(rows[i:min(i+1000, len(rows))]) + "\n")
	}
	return []byte(b.String())
}

func parquetTable(tb testing.TB, rows [][]string) []byte {
	type customer struct {
		ID       string `parquet:"service_id"`
		User     string `parquet:"username"`
		Name     string `parquet:"full_name"`
		Product  string `parquet:"product_name,dict"`
		Charge   string `parquet:"subscription_charge"`
		Mail     string `parquet:"postmaster_email"`
		Other    string `parquet:"alt_email"`
		Visp     string `parquet:"visp,dict"`
		Optout   string `parquet:"optout_status,dict"`
		Active   string `parquet:"active_status,dict"`
		RealName string `parquet:"real_name"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[customer](&b, parquet.Compression(&parquet.Snappy))
	for _, r := range rows[1:] {
		if _, err := w.Write([]customer{{r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10]}}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func zipTable(tb testing.TB, rows [][]string) []byte {
	return packaged(tb, "customers.csv", csvRows(rows))
}

func xzTable(tb testing.TB, rows [][]string) []byte {
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	if err == nil {
		_, err = io.WriteString(w, csvRows(rows))
	}
	if err != nil || w.Close() != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}
