package extract

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestArchivesOfOtherProgramsAreReadToTheirEnd: the table has 300 rows, and
// stands last in each.
func TestArchivesOfOtherProgramsAreReadToTheirEnd(t *testing.T) {
	for name, path := range map[string]string{
		"deflate64.zip":       "far.txt",
		"compress.Z":          "f",
		"two.lz":              "f",
		"legacy.lz4":          "f",
		"mszip.cab":           "customers.csv",
		"stored.cab":          "customers.csv",
		"newc.cpio.gz":        "f/customers.csv",
		"odc.cpio.gz":         "f/customers.csv",
		"bin.cpio.gz":         "f/customers.csv",
		"joliet.iso.gz":       "f/sub/The customers.csv",
		"plain.iso.gz":        "f/SUB/THE_CUST.CSV",
		"gnulong.tar.gz":      "f/" + strings.Repeat("long", 30),
		"pax.tar.gz":          "f/" + strings.Repeat("long", 30),
		"concatenated.tar.gz": "f/trailer/customers.csv",
		"concatenated.bz2":    "f",
		"concatenated.xz":     "f",
		"concatenated.zst":    "f",
		"concatenated.lz4":    "f",
	} {
		t.Run(name, func(t *testing.T) {
			r, sum := walkFile(t, fixture(t, name), DefaultLimits())
			if n := strings.Count(r.text.String(), "@example.org"); n != 300 && n != 600 || !strings.Contains(r.text.String(), "person299@example.org") {
				t.Errorf("%d rows of 300 in %.300q", n, r.text.String())
			}
			if len(sum.Unread) > 0 {
				t.Errorf("unread %v", sum.Unread)
			}
			if !slices.ContainsFunc(sum.Parts, func(p Opened) bool { return p.Path == "f/"+path }) {
				t.Errorf("parts %v, want f/%s", sum.Parts, path)
			}
		})
	}
}

func TestNumbersGivesItsStrings(t *testing.T) {
	b, err := os.ReadFile("iwork/testdata/customers.numbers")
	if err != nil {
		t.Fatal(err)
	}
	r, sum := walkFile(t, b, DefaultLimits())
	if n := strings.Count(r.text.String(), "@example.org\n"); n != 49 {
		t.Errorf("%d addresses, want 49", n)
	}
	if !slices.ContainsFunc(sum.Unread, func(u Unread) bool { return u.Format == FormatIWork && u.Reason == Unsupported && u.Partial }) {
		t.Errorf("unread %+v, want the table", sum.Unread)
	}
}

func TestSparseFilesAreReadBehindTheirHoles(t *testing.T) {
	if r, _ := walkFile(t, fixture(t, "sparse.tar.gz"), DefaultLimits()); !strings.Contains(r.text.String(), "person299@example.org") {
		t.Errorf("not found in %.300q", r.text.String())
	}
}

// TestWhatCannotBeReadIsHeld: each of these ends in a reason for which the
// default policies hold a message.
func TestWhatCannotBeReadIsHeld(t *testing.T) {
	lzx := fixture(t, "mszip.cab")
	at := bytes.Index(lzx, []byte("\x01\x00\x01\x00")) // one block, MSZIP
	lzx[at+2] = 3
	set := fixture(t, "stored.cab")
	set[30] |= 2
	next := "next.cab\x00disk 2\x00"
	for _, at := range []int{16, 36} { // where the files and the folder's data are
		binary.LittleEndian.PutUint32(set[at:], binary.LittleEndian.Uint32(set[at:])+uint32(len(next)))
	}
	set = slices.Concat(set[:36], []byte(next), set[36:])
	udf := make([]byte, 20*isoSector)
	copy(udf[16*isoSector:], "\x00BEA01\x01")
	for name, c := range map[string]struct {
		file []byte
		path string
		want Reason
	}{
		"cabinet of LZX":         {lzx, "f", Unsupported},
		"first cabinet of a set": {set, "f", Unsupported},
		"zstd of a dictionary":   {fixture(t, "dictionary.zst"), "f", Corrupt},
		"last volume of a zip":   {fixture(t, "last-volume.zip"), "f", Unsupported},
		"disc image of UDF":      {udf, "f", Unsupported},
		"cabinet cut off":        {fixture(t, "mszip.cab")[:1200], "f", Corrupt},
		"disc image of Windows":  {append([]byte("MSWIM\x00\x00\x00"), make([]byte, 200)...), "f", Unsupported},
		"cpio cut off":           {[]byte("070707" + strings.Repeat("0", 70)), "f", Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			_, sum := walkFile(t, c.file, DefaultLimits())
			if !slices.ContainsFunc(sum.Unread, func(u Unread) bool { return u.Path == c.path && u.Reason == c.want }) {
				t.Errorf("unread %+v, want %s: %s", sum.Unread, c.path, c.want)
			}
		})
	}
}

// TestLaterVolumesAreKnownByName, for they have no header of their own: what
// is in them would pass for a drawing.
func TestLaterVolumesAreKnownByName(t *testing.T) {
	piece := []byte("BKFMT\x01" + strings.Repeat("\x00\x07\x00\x80abc", 900))
	for name, want := range map[string]Reason{
		"list.z01": Unsupported, "list.7z.002": Unsupported, "list.r00": Unsupported, "list.part2.rar": Unsupported,
		"list.ZIP.003": Unsupported, "drawing.dwg": Unknown, "list.7z": Unknown, "list.r": Unknown, "v1.234567": Unknown,
	} {
		sum, err := New().File(t.Context(), name, memory(piece), DefaultLimits(), &record{})
		if err != nil || len(sum.Unread) != 1 || sum.Unread[0].Reason != want {
			t.Errorf("%s: unread %+v, %v; want %s", name, sum.Unread, err, want)
		}
	}
}

func TestTextBehindAnArchiveIsRead(t *testing.T) {
	row := strings.Repeat(needle+"\n", 3)
	for _, name := range []string{"mszip.cab", "deflate64.zip", "two.lz", "concatenated.bz2", "concatenated.xz", "concatenated.zst", "concatenated.lz4",
		"concatenated.tar.gz", "newc.cpio.gz", "last-volume.zip", "compress.Z"} {
		file := append(fixture(t, name), row...)
		r, sum := walkFile(t, file, DefaultLimits())
		if !strings.Contains(r.text.String(), needle) && len(sum.Unread) == 0 {
			t.Errorf("%s: what stands behind it is passed over: %v", name, sum.Parts)
		}
	}
}

// TestNothingInAZipIsPassedOver: what stands between its entries, and behind
// them.
func TestNothingInAZipIsPassedOver(t *testing.T) {
	row := strings.Repeat(needle+"\n", 3)
	plain := zipOf(t, "a.txt", "hello")
	dir := bytes.Index(plain, []byte(zipCentral))
	gap := slices.Concat(plain[:dir], []byte(row), plain[dir:])
	end := bytes.Index(gap, []byte(zipEnd))
	binary.LittleEndian.PutUint32(gap[end+16:], uint32(dir+len(row)))
	behind := slices.Concat(plain, []byte(row))
	for name, file := range map[string][]byte{"between the entries": gap, "behind the end": behind} {
		if r, sum := walkFile(t, file, DefaultLimits()); !strings.Contains(r.text.String(), needle) || len(sum.Unread) > 0 {
			t.Errorf("%s: not in %.200q; unread %v", name, r.text.String(), sum.Unread)
		}
	}
}

func TestZipOfXZIsReadInIsolation(t *testing.T) {
	packed := compress(t, []byte(strings.Repeat(needle+"\n", 3)), func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) })
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.CreateRaw(&zip.FileHeader{Name: "a.csv", Method: 95, CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(3 * (len(needle) + 1))})
	if err == nil {
		_, err = f.Write(packed)
	}
	if err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	r, sum := walkFile(t, b.Bytes(), DefaultLimits())
	if !strings.Contains(r.text.String(), needle) || len(sum.Unread) > 0 {
		t.Errorf("unread %v in %.200q", sum.Unread, r.text.String())
	}
	if !slices.ContainsFunc(sum.Parts, func(p Opened) bool { return p.Format == FormatXZ }) {
		t.Errorf("parts %v: the xz stream was not opened as one", sum.Parts)
	}
}

// TestHostileDirectoriesEnd: folders that hold one another, and files that
// share their data.
func TestHostileDirectoriesEnd(t *testing.T) {
	image := make([]byte, 40*isoSector)
	folder := func(at int, points ...uint32) {
		for _, p := range points {
			r := make([]byte, 34)
			r[0], r[25], r[32], r[33] = 34, 2, 1, 'D'
			binary.LittleEndian.PutUint32(r[2:], p)
			binary.LittleEndian.PutUint32(r[10:], 1<<31)
			at += copy(image[at:], r)
		}
	}
	copy(image[16*isoSector:], "\x01CD001\x01")
	folder(16*isoSector+156, 20)
	folder(20*isoSector, 21, 22, 20)
	folder(21*isoSector, 20, 22)
	folder(22*isoSector, 21, 22)
	if _, sum := walkFile(t, image, DefaultLimits()); len(sum.Unread) == 0 {
		t.Error("folders that go on behind the end are not told")
	}
	lim := DefaultLimits()
	lim.Entries = 1
	for _, name := range []string{"mszip.cab", "newc.cpio.gz", "joliet.iso.gz"} {
		_, sum := walkFile(t, fixture(t, name), lim)
		if !slices.ContainsFunc(sum.Unread, func(u Unread) bool { return u.Reason == TooMany }) {
			t.Errorf("%s: unread %v, want %s", name, sum.Unread, TooMany)
		}
	}
}

// TestNothingOfXMLIsLostToItsBounds: comments, many attributes, and values of more
// columns than a grid has.
func TestNothingOfXMLIsLostToItsBounds(t *testing.T) {
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i)
		}
		return b.String()
	}
	for name, page := range map[string]string{
		"a comment":                    "<r><!-- " + needle + " --><a>1</a></r>",
		"a comment between rows":       "<r><p><a>1</a><b>2</b></p><!-- " + needle + " --><p><a>1</a><b>2</b></p></r>",
		"many long comments":           "<r>" + strings.Repeat("<!-- "+strings.Repeat("word ", 9000)+" -->", 4) + "<!-- " + needle + " --></r>",
		"a processing instruction":     "<r><?x " + needle + " ?></r>",
		"the last of many attributes":  "<r><a" + many(" k%d='%d'", maxLeaves) + " last='" + needle + "'/></r>",
		"the last of many columns":     "<r>" + strings.Repeat("<p>"+many("<k%d>%d</k%[1]d>", maxColumns+9)+"<last>"+needle+"</last></p>", 3) + "</r>",
		"the last of too many columns": "<r>" + strings.Repeat("<p>"+many("<k%d>%d</k%[1]d>", maxLeaves+9)+"<last>"+needle+"</last></p>", 3) + "</r>",
	} {
		r, sum := walkFile(t, []byte("<?xml version='1.0'?>"+page), DefaultLimits())
		if !strings.Contains(r.text.String()+r.grids.String(), needle) || len(sum.Unread) > 0 {
			t.Errorf("%s: not in %.100q %.100q; unread %v", name, r.text.String(), r.grids.String(), sum.Unread)
		}
	}
	r, _ := walkFile(t, []byte("<?xml version='1.0'?><r><p><a>1</a><b>2</b></p><!-- x --><p><a>3</a><b>4</b></p><p><a>5</a><b>6</b></p></r>"), DefaultLimits())
	if want := "a|b\n1|2\n3|4\n5|6\n"; r.grids.String() != want {
		t.Errorf("rows with a comment between them: %q, want %q", r.grids.String(), want)
	}
}

func TestWhatAFormatOfCellsLeavesOutIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want Reason
	}{
		"a column of SYLK past the bound":      {"ID;PCALC\nC;X9000;Y1;K\"a\"\nC;X9001;K\"b\"\nE\n", TooMany},
		"binary data of RTF past its end":      {"{\\rtf1 {\\pict\\bin99999999 x}" + needle + "\\par}", Corrupt},
		"binary data of RTF of a size too big": {"{\\rtf1 {\\pict\\bin9223372036854775808 x}" + needle + "\\par}", Corrupt},
	} {
		_, sum := walkFile(t, []byte(c.file), DefaultLimits())
		if len(sum.Unread) != 1 || sum.Unread[0].Reason != c.want {
			t.Errorf("%s: unread %v, want %s", name, sum.Unread, c.want)
		}
	}
}

func TestWhatStandsBehindTheEndOfAPDFIsRead(t *testing.T) {
	page := "%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n3 0 obj <</Type/Page/Parent 2 0 R>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
	for _, c := range []struct {
		tail  string
		parts int
	}{{"", 1}, {strings.Repeat("\r\n\x00", 90_000), 1}, {needle, 2}, {strings.Repeat("\n", 70_000) + needle, 2}, {strings.Repeat("words ", 30_000) + needle, 2}} {
		r, sum := walkFile(t, []byte(page+c.tail), DefaultLimits())
		if found := strings.Contains(r.text.String(), needle); found != strings.HasSuffix(c.tail, needle) || len(sum.Parts) > 2 || len(sum.Unread) > 0 {
			t.Errorf("behind it %.40q: found %t, %d parts, unread %v", c.tail, found, len(sum.Parts), sum.Unread)
		}
	}
}

// TestBase64BehindLinesOfPromiseIsOpened: many lines that look like content and are none
// do not keep it from being seen where it begins.
func TestBase64BehindLinesOfPromiseIsOpened(t *testing.T) {
	for name, before := range map[string]string{
		"a long word":        "Content-Transfer-Encoding: base64\n",
		"many long words":    strings.Repeat("Content-Transfer-Encoding: base64\n", 100),
		"lists of numbers":   strings.Repeat("12, 34, 56, 78 and so on, for a while\n", 100),
		"words of a program": strings.Repeat("Long_Name-Of_Something[With]{Brackets}:x\n", 100),
	} {
		text := before + wrapped(string(zipOf(t, "a.txt", needle+strings.Repeat("\nsome words", 100))))
		if r, sum := walkFile(t, []byte(text), DefaultLimits()); !strings.Contains(r.text.String(), needle) || len(sum.Unread) > 0 {
			t.Errorf("%s: %.300q, unread %v", name, r.text.String(), sum.Unread)
		}
	}
}

// TestAnEncodingOfAnEncodingIsOpened: what an encoding or a dump shows may be one itself.
func TestAnEncodingOfAnEncodingIsOpened(t *testing.T) {
	file := strings.Repeat("nothing of importance in these words\n", 20) + needle + "\n"
	for name, text := range map[string]string{
		"base32":       base32.StdEncoding.EncodeToString([]byte(file)),
		"base64":       base64.StdEncoding.EncodeToString([]byte(file)),
		"base64 lines": wrapped(file),
		"hexadecimal":  hex.EncodeToString([]byte(file)),
	} {
		var numbers strings.Builder
		for i := range len(text) {
			fmt.Fprintf(&numbers, "%02x ", text[i])
		}
		for shown, dump := range map[string]string{
			"a dump": hex.Dump([]byte(text)), "numbers": numbers.String(),
			"base64 lines": wrapped(text), "base32 line": base32.StdEncoding.EncodeToString([]byte(text)), "digits": hex.EncodeToString([]byte(text)),
		} {
			if r, sum := walkFile(t, []byte(dump), DefaultLimits()); !strings.Contains(r.text.String(), needle) || len(sum.Unread) > 0 {
				t.Errorf("%s of %s: %.300q, unread %v", shown, name, r.text.String(), sum.Unread)
			}
		}
	}
}

// TestEscapesAreUndoneWhereverABufferEnds, and so are those that the text breaks off.
func TestEscapesAreUndoneWhereverABufferEnds(t *testing.T) {
	const piece, undone = `\\\n\tA\r\"é`, "\\\n\tA\"é"
	for pad := range len(piece) {
		before := strings.Repeat("x", pad)
		for _, end := range []string{"", `\`, `\u00`} {
			got, err := io.ReadAll(&literal{br: bufio.NewReaderSize(strings.NewReader(before+strings.Repeat(piece, bufferSize/4)+end), bufferSize)})
			if want := before + strings.Repeat(undone, bufferSize/4) + end; string(got) != want || err != nil {
				t.Fatalf("%d bytes before, %q behind: %d bytes, want %d, %v", pad, end, len(got), len(want), err)
			}
		}
	}
}

// TestAFileInAStringIsOpened: the lines of an encoding, as a string of a program or
// of JSON holds them. A table that stands beside it stays one.
func TestAFileInAStringIsOpened(t *testing.T) {
	for _, lines := range []int{20, 1500} { // of less than a buffer, and of several
		file := strings.Repeat("it's of no importance to anybody\n", lines) + needle + "\n"
		for name, c := range map[string]string{"uuencoded": uuencoded(file), "a dump": hex.Dump([]byte(file))} {
			text, err := json.Marshal(map[string]any{"content": c, "rows": []map[string]string{{"name": "Ada Fern", "city": "York"}, {"name": "Bea Moss", "city": "Leeds"}}})
			if err != nil {
				t.Fatal(err)
			}
			r, sum := walkFile(t, text, DefaultLimits())
			if !strings.Contains(r.text.String(), file) || !strings.Contains(r.text.String(), `{"city":"York","name":"Ada Fern"}`) || len(sum.Unread) > 0 {
				t.Errorf("%s of %d lines: %.300q, unread %v", name, lines, r.text.String(), sum.Unread)
			}
		}
	}
	plain := []byte(`{"note":"one\ntwo\nthree\nfour\nfive, \"six\""}`)
	if r, _ := walkFile(t, plain, DefaultLimits()); !strings.Contains(r.text.String(), string(plain)) {
		t.Errorf("lines that are no file: %q", r.text.String())
	}
}

func TestEntriesOfAZipInOnePlaceAreReadOnce(t *testing.T) {
	const entries = 5000
	plain := zipOf(t, "Ada Fern 0000.txt", needle)
	dir, end := bytes.Index(plain, []byte(zipCentral)), bytes.Index(plain, []byte(zipEnd))
	file := bytes.Clone(plain[:dir])
	for i := range entries {
		file = append(file, bytes.Replace(plain[dir:end], []byte("0000"), fmt.Appendf(nil, "%04d", i), 1)...)
	}
	tail := bytes.Clone(plain[end:])
	binary.LittleEndian.PutUint16(tail[8:], entries)
	binary.LittleEndian.PutUint16(tail[10:], entries)
	binary.LittleEndian.PutUint32(tail[12:], uint32(entries*(end-dir)))
	r, sum := walkFile(t, append(file, tail...), DefaultLimits())
	if n := strings.Count(r.text.String(), needle); n != 1 || len(sum.Unread) > 0 {
		t.Errorf("read %d times, unread %v", n, sum.Unread)
	}
	if !strings.Contains(r.text.String(), "\nAda Fern 0009\n") {
		t.Errorf("names that the content has beside its first: not in %.200q", r.text.String())
	}
}

func TestFilesWithoutContentAreReadByTheirNames(t *testing.T) {
	var files []string
	for i := range minNames {
		files = append(files, fmt.Sprintf("Ada Fern, ada%d@home.example, 0170 %d.txt", i, i), "")
	}
	r, sum := walkFile(t, zipOf(t, files...), DefaultLimits())
	if !strings.Contains(r.text.String(), "Ada Fern, ada9@home.example, 0170 9\n") || len(sum.Unread) > 0 {
		t.Errorf("%q, unread %v", r.text.String(), sum.Unread)
	}
}

func TestTheEndOfAnAddressIsNoExtension(t *testing.T) {
	for name, want := range map[string]string{
		"Ada Fern.pdf": "Ada Fern", "ada@home.example": "ada@home.example", "ada@home.example.pdf": "ada@home.example",
		"Ada Fern, ada@home.example, 0170 1": "Ada Fern, ada@home.example, 0170 1", "ada@home letter.txt": "ada@home letter", "Ada": "Ada",
	} {
		if got := withoutExt(name); got != want {
			t.Errorf("%q without its extension: %q, want %q", name, got, want)
		}
	}
}

func TestFramesToBeSkippedHideNothing(t *testing.T) {
	skipped := "\x50\x2a\x4d\x18\x03\x00\x00\x00abc\x5f\x2a\x4d\x18\x00\x00\x00\x00"
	for name, open := range map[string]func(io.Writer) (io.WriteCloser, error){
		"lz4":  func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil },
		"zstd": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	} {
		r, sum := walkFile(t, append([]byte(skipped), compress(t, []byte(needle), open)...), DefaultLimits())
		if !strings.Contains(r.text.String(), needle) || len(sum.Unread) > 0 {
			t.Errorf("%s: %q, unread %v", name, r.text.String(), sum.Unread)
		}
	}
}

// TestTextIsNotLostInAFormatOfCells: what a reader of the format does not show
// or not keep, and ordinary text that begins like it.
func TestTextIsNotLostInAFormatOfCells(t *testing.T) {
	word := func(body string) string {
		return `<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:body>` + body + `</w:body></w:wordDocument>`
	}
	for name, file := range map[string]string{
		"names of columns like SYLK":     "ID;Phone;Email\n1;555 0100;" + needle + "\n",
		"text among records of SYLK":     "ID;PCALC\nC;X1;Y1;K\"a\"\n" + needle + "\nC;X1;K\"b\"\nE\n",
		"end of a long record of SYLK":   "ID;PCALC\nC;X1;Y1;K\"" + strings.Repeat("x", bufferSize) + needle + "\"\nC;X1;Y2;K\"b\"\n",
		"end of a long paragraph":        word("<w:p><w:r><w:t>" + strings.Repeat("word ", heldSize) + "</w:t></w:r><w:r><w:t>" + needle + "</w:t></w:r></w:p>"),
		"text outside of all paragraphs": word("<x>" + needle + "</x>"),
		"file inside a WordML document":  word("<w:binData>" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(needle+"\n", 9))) + "</w:binData>"),
	} {
		r, sum := walkFile(t, []byte(file), DefaultLimits())
		if !strings.Contains(r.text.String()+r.grids.String(), needle) || len(sum.Unread) > 0 {
			t.Errorf("%s: not in %.100q %.100q; unread %v", name, r.text.String(), r.grids.String(), sum.Unread)
		}
	}
}

func TestMoreGapsInAZipThanAreLookedIntoAreTold(t *testing.T) {
	for gaps, want := range map[int]int{maxGaps - 1: 0, maxGaps + 1: 1} {
		var files []string
		for i := range gaps + 1 {
			files = append(files, strconv.Itoa(i), "x")
		}
		plain := zipOf(t, files...)
		dir := bytes.Index(plain, []byte(zipCentral))
		directory := bytes.Clone(plain[dir:])
		var b []byte
		at := 0
		for _, entry := range bytes.SplitAfter(plain[:dir], []byte(zipLocal))[1:] {
			at += bytes.Index(directory[at:], []byte(zipCentral))
			binary.LittleEndian.PutUint32(directory[at+42:], uint32(len(b)))
			at += len(zipCentral)
			b = append(append(append(b, zipLocal...), bytes.TrimSuffix(entry, []byte(zipLocal))...), strings.Repeat("-", minTrailer)...)
		}
		b = b[:len(b)-minTrailer]
		end := bytes.Index(directory, []byte(zipEnd))
		binary.LittleEndian.PutUint32(directory[end+16:], uint32(len(b)))
		if _, sum := walkFile(t, append(b, directory...), DefaultLimits()); len(sum.Unread) != want || want > 0 && sum.Unread[0].Reason != TooMany {
			t.Errorf("%d gaps: unread %v, want %d", gaps, sum.Unread, want)
		}
	}
}

func TestBlankParagraphsOfWordMLAreNotGathered(t *testing.T) {
	for name, body := range map[string]string{"alone": "%s", "in a cell behind text": "<w:tc><w:p><w:t>a</w:t></w:p>%s</w:tc>"} {
		page := "<w:body>" + fmt.Sprintf(body, strings.Repeat("<w:p><w:tab/></w:p>", 10_000)) + "</w:body>"
		d := &wordML{s: xmlzip.NewScanner(strings.NewReader(page))}
		for d.err == nil {
			d.step()
		}
		if !errors.Is(d.err, io.EOF) || cap(d.line) > 1<<10 {
			t.Errorf("%s: %d bytes gathered, %v", name, cap(d.line), d.err)
		}
	}
}
