package exact_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

// memory is a file in memory.
type memory struct {
	mu   sync.Mutex
	data []byte
}

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if need := int(off) + len(p); need > len(m.data) {
		m.data = append(m.data, make([]byte, need-len(m.data))...)
	}
	return copy(m.data[off:], p), nil
}

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := copy(p, m.data[min(int(off), len(m.data)):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

var (
	secret = keyed.Secret(bytes.Repeat([]byte{42}, keyed.SecretSize))
	built  = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
)

// column is a column of a test's table.
type column struct {
	name string
	kind detect.Type
}

var customerColumns = []column{
	{"customer_no", detect.IDCustomer}, {"name", detect.PersonName}, {"email", detect.ContactEmail},
	{"phone", detect.ContactPhone}, {"born", detect.PersonBirthDate}, {"postcode", detect.AddressPostcode},
}

// customer returns the row of a made-up customer.
func customer(i int) []string {
	given := []string{"Ana", "Ben", "Cleo", "Dora", "Emil", "Faye", "Gus", "Hana", "Ivo", "Jana"}
	family := []string{"Quorn", "Ravel", "Stoll", "Tamm", "Urbel", "Vasko", "Wroth", "Xanth", "Yarrow", "Zell"}
	name := fmt.Sprintf("%s %s%c%c", given[i%10], family[i/10%10], 'a'+i%26, 'a'+i/26%26)
	return []string{
		fmt.Sprintf("K-%06d", 104233+i*7), name, fmt.Sprintf("%s@client%d.example", strings.ReplaceAll(strings.ToLower(name), " ", "."), i%50),
		fmt.Sprintf("+44 1223 %06d", 100000+i*131), fmt.Sprintf("19%02d-%02d-%02d", 50+i%50, 1+i%12, 1+i%28),
		fmt.Sprintf("CB%d %dAB", 1+i%20, i%9),
	}
}

func customers(n int) (rows [][]string) {
	for i := range n {
		rows = append(rows, customer(i))
	}
	return rows
}

// build makes an index file of rows.
func build(t testing.TB, columns []column, rows [][]string) []byte {
	t.Helper()
	b := exact.NewBuilder(secret, &memory{})
	for _, c := range columns {
		if _, err := b.Column(c.name, c.kind); err != nil {
			t.Fatal(err)
		}
	}
	first, err := b.Reserve(len(rows))
	if err != nil {
		t.Fatal(err)
	}
	w := b.Writer()
	for i, row := range rows {
		for j, value := range row {
			if err := w.Add(first+uint32(i), j, []byte(value)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var out memory
	if _, err := b.Finish(context.Background(), &out, built, 2, nil); err != nil {
		t.Fatal(err)
	}
	return out.data
}

func open(t testing.TB, data []byte) *exact.Index {
	t.Helper()
	x, err := exact.Open(data, exact.Config{Name: "customers", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestEveryValueIsFoundAndNoOther(t *testing.T) {
	for _, n := range []int{0, 1, 3, 1000, 20_000} {
		x := open(t, build(t, customerColumns, customers(n)))
		if got := x.About().Records; got != int64(n) {
			t.Errorf("%d records, want %d", got, n)
		}
		for i := range n {
			for j, value := range customer(i) {
				if !x.Has(customerColumns[j].kind, []byte(value)) {
					t.Fatalf("%d records: %s %q of record %d is not found", n, customerColumns[j].name, value, i)
				}
			}
		}
		for i := n + 1_000_000; i < n+1_010_000; i++ {
			if value := fmt.Sprintf("a%d@stranger.example", i); x.Has(detect.ContactEmail, []byte(value)) {
				t.Errorf("%d records: %q is found", n, value)
			}
		}
	}
}

func TestNeitherValuesNorTheKeyAreInTheFile(t *testing.T) {
	rows := customers(200)
	data := build(t, customerColumns, rows)
	for _, row := range rows {
		for j, value := range row {
			if value = strings.ToLower(value); len(value) > 6 && bytes.Contains(bytes.ToLower(data), []byte(value)) {
				t.Errorf("%s %q stands in the file", customerColumns[j].name, value)
			}
		}
	}
	if bytes.Contains(data, secret[:8]) {
		t.Error("the key stands in the file")
	}
}

func TestTheSameRowsGiveTheSameFile(t *testing.T) {
	if !bytes.Equal(build(t, customerColumns, customers(3000)), build(t, customerColumns, customers(3000))) {
		t.Error("two builds differ")
	}
}

func TestSizeIsUnderTwelveBytesAValue(t *testing.T) {
	const n = 50_000
	data := build(t, customerColumns, customers(n))
	if perValue := float64(len(data)) / (n * float64(len(customerColumns))); perValue > 12 {
		t.Errorf("%.1f bytes a value", perValue)
	}
}

func TestCommonValuesAreKeptOnlyAsFarAsBoundedAndCounted(t *testing.T) {
	rows := customers(500)
	for i := range rows {
		rows[i][1] = "Ana Same"
	}
	info := open(t, build(t, customerColumns, rows)).About()
	if info.Common < 1 || info.Values >= int64(500*len(customerColumns)) {
		t.Errorf("%d common, %d values", info.Common, info.Values)
	}
}

func TestSecretsAreNotIndexed(t *testing.T) {
	b := exact.NewBuilder(secret, &memory{})
	for _, kind := range []detect.Type{detect.SecretPassword, detect.SecretHash, detect.SecretKey, detect.None, detect.FinanceAmount} {
		if _, err := b.Column("c", kind); err == nil {
			t.Errorf("a column of %q is taken", kind)
		}
	}
}

func TestTooManyColumnsAreAnError(t *testing.T) {
	b := exact.NewBuilder(secret, &memory{})
	var err error
	for i := 0; i <= exact.MaxColumns; i++ {
		_, err = b.Column(fmt.Sprint("c", i), detect.IDCustomer)
	}
	if err == nil || !strings.Contains(err.Error(), "15 columns") {
		t.Errorf("error %v", err)
	}
}

func TestAFullDiskIsToldAndTheFileIsNone(t *testing.T) {
	b := exact.NewBuilder(secret, broken{})
	if _, err := b.Column("email", detect.ContactEmail); err != nil {
		t.Fatal(err)
	}
	w := b.Writer()
	if err := w.Add(0, 0, []byte("ana@client.example")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil {
		t.Error("no error though nothing could be written")
	}
}

type broken struct{}

func (broken) WriteAt([]byte, int64) (int, error) { return 0, io.ErrShortWrite }
func (broken) ReadAt([]byte, int64) (int, error)  { return 0, io.ErrUnexpectedEOF }
