package avro

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

var limits = document.Limits{Bytes: 64 << 20, Ratio: 200, Cells: 1 << 20, Pages: 100, Depth: 24}

// record keeps the rows that it gets.
type record struct{ rows []string }

func (r *record) Text(string, io.Reader) error { return errors.New("no text is in an Avro file") }
func (r *record) File(string, io.ReaderAt, int64) error {
	return errors.New("no file is in an Avro file")
}
func (r *record) Table(_ string, g table.Grid) error {
	for {
		row, err := g.Next()
		if err != nil {
			return nil
		}
		r.rows = append(r.rows, string(bytes.Join(row, []byte("|"))))
	}
}

func read(b []byte, lim document.Limits) ([]string, error) {
	var r record
	err := Read(context.Background(), bytes.NewReader(b), int64(len(b)), lim, &r)
	return r.rows, err
}

func TestFilesOfAnotherWriter(t *testing.T) {
	files, err := filepath.Glob("testdata/*.avro")
	if err != nil || len(files) != 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := read(b, limits)
		if err != nil || len(rows) != 307 { // six have a second contact
			t.Fatalf("%s: %d rows, %v", path, len(rows), err)
		}
		want := []string{
			"customer_id|name|email|born|tier|address.street|address.city|billing.street|billing.city|contacts.kind|contacts.value.string|contacts.value.long|tags.key|tags|score|ok",
			"1000|Person 0 Ångström||7300|SILVER|0 Example Street|Oslo|Box 0|Bergen|phone|+1 202 555 0000||a|x|0|true",
			"|||||||||fax||12025550199||||",
			"1001|Person 1 Ångström|person1@example.org|7301|GOLD|1 Example Street|Oslo|||phone|+1 202 555 0001||||0.25|false",
		}
		if diff := cmp.Diff(want, rows[:4]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		for _, size := range []int{len(b) / 2, len(b) - 1} {
			if _, err := read(b[:size], limits); !errors.Is(err, document.ErrDamaged) {
				t.Errorf("%s cut off: %v", path, err)
			}
		}
	}
}

func long(b []byte, v int64) []byte  { return binary.AppendVarint(b, v) }
func text(b []byte, s string) []byte { return append(long(b, int64(len(s))), s...) }

// container makes a file of one block.
func container(schema, codec string, records int64, block []byte) []byte {
	b := long([]byte("Obj\x01"), 2)
	b = text(text(b, "avro.schema"), schema)
	b = text(text(b, "avro.codec"), codec)
	b = append(long(b, 0), "0123456789abcdef"...)
	b = append(long(long(b, records), int64(len(block))), block...)
	return append(b, "0123456789abcdef"...)
}

func TestCodecs(t *testing.T) {
	const schema = `{"type":"record","name":"r","fields":[{"name":"email","type":"string"}]}`
	plain := text(text(nil, "ada@x.example"), "bram@x.example")
	for codec, pack := range map[string]func() []byte{
		"null": func() []byte { return plain },
		"deflate": func() []byte {
			var b bytes.Buffer
			w, _ := flate.NewWriter(&b, 6)
			_, _ = w.Write(plain)
			_ = w.Close()
			return b.Bytes()
		},
		"snappy": func() []byte {
			return binary.BigEndian.AppendUint32(s2.EncodeSnappy(nil, plain), crc32.ChecksumIEEE(plain))
		},
		"zstandard": func() []byte {
			w, _ := zstd.NewWriter(nil)
			return w.EncodeAll(plain, nil)
		},
	} {
		rows, err := read(container(schema, codec, 2, pack()), limits)
		if want := []string{"email", "ada@x.example", "bram@x.example"}; err != nil || !cmp.Equal(rows, want) {
			t.Errorf("%s: %q, %v", codec, rows, err)
		}
	}
	if _, err := read(container(schema, "xz", 2, plain), limits); !errors.Is(err, document.ErrUnsupported) {
		t.Errorf("a codec that is not known: %v", err)
	}
}

func TestTypes(t *testing.T) {
	fixed := func(n int64) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	for _, c := range []struct{ schema, value, want string }{
		{`{"type":"long","logicalType":"timestamp-millis"}`, string(long(nil, 1_700_000_000_123)), "2023-11-14 22:13:20"},
		{`{"type":"long","logicalType":"timestamp-micros"}`, string(long(nil, 1_700_000_000_123_456)), "2023-11-14 22:13:20"},
		{`{"type":"bytes","logicalType":"decimal","scale":2}`, string(text(nil, fixed(-1234))), "-12.34"},
		{`{"type":"fixed","name":"f","size":8,"logicalType":"decimal","scale":2}`, fixed(50), "0.50"},
		{`{"type":"fixed","name":"f","size":4}`, "\x00\x01\x02\xff", "000102ff"},
		{`{"type":"bytes"}`, string(text(nil, "gr\xfc\xdfe")), "grüße"},
		{`"float"`, "\x00\x00\xc0\x3f", "1.5"},
		{`{"type":{"type":"string"}}`, string(text(nil, "x")), "x"},
		{`{"type":"error","name":"e","fields":[{"name":"n","type":["int","null"]}]}`, "\x02", ""},
	} {
		rows, err := read(container(c.schema, "null", 1, []byte(c.value)), limits)
		if err != nil || len(rows) != 2 || rows[1] != c.want {
			t.Errorf("%s: rows %q, %v; want %q", c.schema, rows, err, c.want)
		}
	}
}

// TestHostileFilesEnd: what a file states is no reason to take memory or time.
func TestHostileFilesEnd(t *testing.T) {
	nested := strings.Repeat(`{"type":"array","items":`, 60) + `"int"` + strings.Repeat("}", 60)
	twice := `{"type":"record","name":"n0","fields":[{"name":"a","type":"int"}]}`
	for i := 1; i < 20; i++ {
		twice = fmt.Sprintf(`{"type":"record","name":"n%d","fields":[{"name":"a","type":%s},{"name":"b","type":"n%d"}]}`, i, twice, i-1)
	}
	wide := `{"type":"record","name":"r","fields":[{"name":"l","type":{"type":"array","items":["null","int"]}}` +
		strings.Repeat(`,{"name":"f","type":["null","int"]}`, 4000) + "]}"
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"endless nothing":            {container(`"null"`, "null", 1<<40, nil), document.ErrTooMany},
		"a list of endless nothing":  {container(`{"type":"array","items":"null"}`, "null", 1, long(nil, 1<<30)), document.ErrTooMany},
		"a list in a wide record":    {container(wide, "null", 1, append(long(nil, 1<<20), make([]byte, 1<<20+1+4000)...)), document.ErrTooMany},
		"a string of 2^40 bytes":     {container(`"string"`, "null", 1, long(nil, 1<<40)), document.ErrDamaged},
		"a string that is not there": {container(`"string"`, "null", 1, long(nil, maxValue)), document.ErrDamaged},
		"a list in a list in a list": {container(nested, "null", 1, nil), document.ErrTooDeep},
		"a record that doubles":      {container(twice, "null", 1, nil), document.ErrTooDeep},
		"a record within itself": {container(`{"type":"record","name":"r","fields":[{"name":"n","type":["null","r"]}]}`, "null", 1,
			[]byte{2, 0}), document.ErrTooDeep},
		"a bomb":               {container(`"bytes"`, "deflate", 1, deflated(long(nil, maxValue))), document.ErrRatio},
		"a branch of no union": {container(`["null","int"]`, "null", 1, long(nil, 7)), document.ErrDamaged},
		"no schema":            {container(`{`, "null", 1, nil), document.ErrDamaged},
	} {
		began := time.Now()
		rows, err := read(c.file, limits)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v (%d rows)", name, err, c.want, len(rows))
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// deflated is what begins so and goes on in zeros.
func deflated(begin []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 9)
	_, _ = w.Write(append(begin, make([]byte, maxValue)...))
	_ = w.Close()
	return b.Bytes()
}

func people(n int) []byte {
	var block []byte
	for i := range n {
		block = long(block, int64(1000+i))
		block = text(block, fmt.Sprintf("Person %d", i))
		block = text(long(block, 1), fmt.Sprintf("person%d@example.org", i))
		block = text(block, fmt.Sprintf("+1 202 555 %04d", i%10000))
	}
	return container(`{"type":"record","name":"r","fields":[{"name":"id","type":"long"},{"name":"name","type":"string"},
		{"name":"email","type":["null","string"]},{"name":"phone","type":"string"}]}`, "null", int64(n), block)
}

// TestNamesAreBounded: a long name before many others is in the path of each.
func TestNamesAreBounded(t *testing.T) {
	var fields []string
	for i := range 4000 {
		fields = append(fields, fmt.Sprintf(`{"name":"c%d","type":"int"}`, i))
	}
	schema := func(name string) string {
		return `{"type":"record","name":"a","fields":[{"name":"` + name + `","type":{"type":"record","name":"b","fields":[` + strings.Join(fields, ",") + `]}}]}`
	}
	if _, err := read(container(schema("short"), "null", 0, nil), limits); err != nil {
		t.Errorf("4000 columns: %v", err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := read(container(schema(strings.Repeat("x", 1<<20)), "null", 0, nil), limits)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, document.ErrTooBig) || took > 64<<20 {
		t.Errorf("error %v and %d bytes of memory, want %v", err, took, document.ErrTooBig)
	}
}

func BenchmarkAvro(b *testing.B) {
	file := people(20_000)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		var n counted
		if err := Read(context.Background(), bytes.NewReader(file), int64(len(file)), limits, &n); err != nil || n != 20_001 {
			b.Fatal(err, n)
		}
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// counted counts rows.
type counted int

func (n *counted) Text(string, io.Reader) error          { return nil }
func (n *counted) File(string, io.ReaderAt, int64) error { return nil }
func (n *counted) Table(_ string, g table.Grid) error {
	for ; ; *n++ {
		if _, err := g.Next(); err != nil {
			return nil
		}
	}
}

func FuzzAvro(f *testing.F) {
	f.Add(people(3))
	f.Add(container(`["null",{"type":"map","values":{"type":"array","items":"string"}}]`, "snappy", 1, []byte{2}))
	for _, path := range []string{"testdata/avsc-null.avro", "testdata/avsc-deflate.avro"} {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:2000])
	}
	tight := document.Limits{Bytes: 1 << 20, Ratio: 50, Cells: 5000, Pages: 10, Depth: 8}
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := read(b, tight)
		if cells := strings.Count(strings.Join(rows, "|"), "|"); cells > 6*5000+2*maxColumns {
			t.Errorf("%d cells", cells)
		}
		for _, known := range []error{nil, document.ErrDamaged, document.ErrUnsupported, document.ErrTooBig, document.ErrTooMany, document.ErrTooDeep, document.ErrRatio} {
			if err == nil || known != nil && errors.Is(err, known) {
				return
			}
		}
		t.Errorf("error %v", err)
	})
}
