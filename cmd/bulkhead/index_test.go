package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// notes writes about customers in running text, as a clerk would: who, which
// contract, where to write to.
func notes(customers [][]string) string {
	var b strings.Builder
	for _, c := range customers {
		fmt.Fprintf(&b, "As agreed, the case of %s under contract %s stays open until Friday; answers go to %s.\n\n", c[2], c[0], c[6])
	}
	return b.String()
}

// strangers are people who look like the customers and are none of them.
func strangers(n int) [][]string {
	rows := makeCustomers(n)
	for i, row := range rows {
		row[0] = fmt.Sprint(7_500_000 + i)
		row[6] = fmt.Sprintf("someone%d@elsewhere.example", i)
	}
	return rows
}

// buildIndex builds an index of customers and returns its path and its key's.
func buildIndex(t testing.TB, dir string, customers [][]string) (path, key string) {
	t.Helper()
	path, key = filepath.Join(dir, "customers.idx"), filepath.Join(dir, "index.key")
	table := writeFile(t, "customers.csv", csvOf(customers))
	if _, text, status := runBulkhead(t, "index", "build", "--key-file", key, table, "-o", path); status != exitOK {
		t.Fatalf("index build: %s", text)
	}
	return path, key
}

// The whole way: an index of 1,000 customers, and messages with five people in
// prose each, customers in one and strangers in the other.
func TestMailAboutCustomersOfTheIndexIsHeld(t *testing.T) {
	dir := t.TempDir()
	path, key := buildIndex(t, dir, makeCustomers(1000))
	config := writeFile(t, "bulkhead.yaml", fmt.Sprintf(`
listeners: [{address: "127.0.0.1:0", allow: [127.0.0.0/8]}]
indexes: [{name: customers, path: %q, key_file: %q}]
`, path, key))
	box := newMailbox(t)
	p := serve(t, t.TempDir(), box.url(), "--config", config)
	send := func(people [][]string) int {
		t.Helper()
		message := letter("", "ana@office.example", "ben@client.example", "Dear Ben,\n\n"+notes(people)+"Regards\nAna\n").content
		_, text := dial(t, p.smtp[0]).send("ana@office.example", []string{"ben@client.example"}, message)
		if strings.Contains(text, "Held for review") {
			return 1
		}
		return 0
	}
	if send(makeCustomers(1000)[500:505]) != 1 {
		t.Error("a message about five customers is not held")
	}
	if send(strangers(1000)[500:505]) != 0 {
		t.Error("a message about five strangers is held")
	}
	if out, _, _ := runBulkhead(t, "quarantine", "list", "--data-dir", p.dataDir, "--format", "json"); !strings.Contains(out, `"policy":"exact-match"`) || strings.Count(out, "\n") != 1 {
		t.Errorf("held: %s, want one by exact-match", out)
	}
	if n := p.metric(t, `bulkhead_index_records{index="customers"}`); n != 1000 {
		t.Errorf("bulkhead_index_records is %v", n)
	}
	if at := p.metric(t, `bulkhead_index_built_timestamp_seconds{index="customers"}`); time.Since(time.Unix(int64(at), 0)) > time.Hour {
		t.Errorf("bulkhead_index_built_timestamp_seconds is %v", at)
	}

	t.Run("a new file is taken", func(t *testing.T) {
		buildIndex(t, dir, strangers(800))
		p.until(t, `bulkhead_index_records{index="customers"}`, 800)
		if send(strangers(1000)[500:505]) != 1 {
			t.Error("a message about five of the new index is not held")
		}
	})
	t.Run("a broken file is not taken", func(t *testing.T) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)-3] ^= 1
		replace(t, path, data)
		p.until(t, `bulkhead_index_last_swap_successful{index="customers"}`, 0)
		if n := p.metric(t, `bulkhead_index_records{index="customers"}`); n != 800 {
			t.Errorf("%v records in use, want the 800 of before", n)
		}
		if status, text := get(t, p.metrics+"/readyz"); status != 200 {
			t.Errorf("not ready: %s", text)
		}
		if send(strangers(1000)[500:505]) != 1 {
			t.Error("the index of before is not in use")
		}
		p.tells(t, "the one before stays in use")
	})
	t.Run("a hang-up signal loads everything", func(t *testing.T) {
		buildIndex(t, dir, makeCustomers(300))
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		p.until(t, `bulkhead_index_records{index="customers"}`, 300)
		p.until(t, `bulkhead_config_last_reload_successful`, 1)
		p.tells(t, "hang-up")
	})
	for _, row := range makeCustomers(1000) {
		if strings.Contains(p.logged(), row[6]) {
			t.Fatalf("the log shows %s", row[6])
		}
	}
	p.stop(t)
}

// replace puts a file in the place of another at once.
func replace(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// until waits until a series has a value.
func (p *process) until(t testing.TB, series string, want float64) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := p.metric(t, series)
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is %v after %v, want %v\n%s", series, got, patience, want, p.logged())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// An index that is wrong when serve starts keeps it from starting: nothing is
// in use yet that could stay.
func TestServeDoesNotStartWithoutItsIndex(t *testing.T) {
	dir := t.TempDir()
	path, key := buildIndex(t, dir, makeCustomers(20))
	other := filepath.Join(dir, "other.key")
	if _, text, status := runBulkhead(t, "index", "key", other); status != exitOK {
		t.Fatal(text)
	}
	cut := filepath.Join(dir, "cut.idx")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, cut, data[:len(data)-1])
	for _, c := range []struct{ path, key, want string }{
		{path, other, "the key is not the one that the index was built with"},
		{cut, key, "cut.idx: .*not a whole index file"},
		{path, path, "no key: want one line"},
		{filepath.Join(dir, "missing.idx"), key, "indexes[0].path: stat .*missing.idx"},
	} {
		_, text, status := runBulkhead(t, "serve", "--listen", "127.0.0.1:0", "--upstream", "maildir:"+dir, "--data-dir", t.TempDir(),
			"--config", writeFile(t, "bulkhead.yaml", fmt.Sprintf("indexes: [{name: customers, path: %q, key_file: %q}]\n", c.path, c.key)))
		first, rest, found := strings.Cut(c.want, ".*")
		if status != exitError || !strings.Contains(text, first) || found && !strings.Contains(text, rest) {
			t.Errorf("exits with %d: %s, want %s", status, text, c.want)
		}
	}
}

// Rows of every form give the same index.
func TestIndexReadsTablesOfEveryForm(t *testing.T) {
	customers := makeCustomers(60)
	sheet, err := xlsxOf(customers)
	if err != nil {
		t.Fatal(err)
	}
	var semicolons bytes.Buffer
	w := csv.NewWriter(&semicolons)
	w.Comma = ';'
	w.Write(customerFields)
	w.WriteAll(customers)
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"a.csv": []byte(csvOf(customers)), "b.xlsx": sheet, "c.txt": semicolons.Bytes(),
		"d.tsv": []byte(strings.ReplaceAll(csvOf(customers), ",", "\t")), "e.ndjson": ndjsonOf(customers),
		"f.parquet": parquetOf(t, customers),
	} {
		in, out := filepath.Join(dir, name), filepath.Join(dir, name+".idx")
		if err := os.WriteFile(in, content, 0o600); err != nil {
			t.Fatal(err)
		}
		stdout, text, status := runBulkhead(t, "index", "build", "--key-file", filepath.Join(dir, "key"), in, "-o", out)
		if status != exitOK || !strings.Contains(stdout, ": 60 records") {
			t.Errorf("%s: exits with %d: %s%s", name, status, stdout, text)
			continue
		}
		note := writeFile(t, "note.txt", notes(customers[10:15]))
		stdout, _, _ = runBulkhead(t, "scan", "--format", "json", "--index", out, "--key-file", filepath.Join(dir, "key"), note)
		if !strings.Contains(stdout, "5 records of the owner's own index") {
			t.Errorf("%s: a note about five is %s", name, stdout)
		}
	}
}

// parquetOf writes customers as an Apache Parquet file of text columns.
func parquetOf(t *testing.T, customers [][]string) []byte {
	t.Helper()
	fields := parquet.Group{}
	for _, name := range customerFields {
		fields[strings.TrimSpace(name)] = parquet.String()
	}
	schema := parquet.NewSchema("customers", fields)
	var b bytes.Buffer
	w := parquet.NewWriter(&b, schema)
	for _, customer := range customers {
		row := make(parquet.Row, len(customer))
		for i, value := range customer {
			column, _ := schema.Lookup(strings.TrimSpace(customerFields[i]))
			row[column.ColumnIndex] = parquet.ByteArrayValue([]byte(value)).Level(0, 0, column.ColumnIndex)
		}
		if _, err := w.WriteRows([]parquet.Row{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ndjsonOf writes customers as JSON, one a line.
func ndjsonOf(customers [][]string) []byte {
	var b bytes.Buffer
	for _, row := range customers {
		b.WriteByte('{')
		for i, value := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q: %q", customerFields[i], value)
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}
