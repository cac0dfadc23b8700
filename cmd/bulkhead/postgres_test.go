//go:build unix

package main

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
	"github.com/jackc/pgx/v5"
)

func TestIndexIsBuiltFromPostgreSQL(t *testing.T) {
	url := postgrestest.Start(t).URL("postgres")
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `create table customers (
		customer_no bigint, full_name text, email text, birth_date date, balance numeric, extra bytea, broken text)`); err != nil {
		t.Fatal(err)
	}
	customers := makeCustomers(20_000)
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"customers"}, []string{"customer_no", "full_name", "email", "birth_date", "balance", "extra", "broken"},
		pgx.CopyFromSlice(len(customers), func(i int) ([]any, error) {
			no, err := strconv.Atoi(customers[i][0])
			if err != nil {
				return nil, err
			}
			var born any = time.Date(1950+i%50, 3, 4, 0, 0, 0, 0, time.UTC)
			if i%7 == 0 {
				born = nil
			}
			return []any{no, customers[i][2], customers[i][6], born, i, []byte{0, 1}, "x" + customers[i][6]}, nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key, path := filepath.Join(dir, "key"), filepath.Join(dir, "customers.idx")
	build := func(url, query string) (string, string, int) {
		return runBulkhead(t, "index", "build", "--key-file", key, "-o", path, "--postgres", url, "--query", query)
	}
	stdout, text, status := build(url, "select * from customers")
	if status != exitOK || !strings.Contains(stdout, "20000 records") {
		t.Fatalf("exits with %d: %s%s", status, stdout, text)
	}
	for _, column := range []string{"customer_no", "full_name", "email", "birth_date"} {
		if !strings.Contains(stdout, column) {
			t.Errorf("%s is not indexed:\n%s", column, stdout)
		}
	}
	note := writeFile(t, "note.txt", notes(customers[15_000:15_005]))
	out, _, _ := runBulkhead(t, "scan", "--format", "json", "--index", path, "--key-file", key, note)
	if !strings.Contains(out, "5 records of the owner's own index") {
		t.Errorf("a note about five is %s", out)
	}

	for _, c := range []struct{ what, url, query, want string }{
		{"a query that changes something", url, "delete from customers returning *", "read-only transaction"},
		{"a wrong query", url, "select nothing from customers", `column "nothing" does not exist`},
		{"a fault in a row shows no value", url, "select customer_no, email, broken::int from customers", "SQLSTATE 22P02"},
		{"no server", "postgres://crm:open-sesame@" + freePort(t) + "/crm", "select 1", "connect"},
		{"no URL", "not a url", "select 1", "parse"},
	} {
		_, text, status := build(c.url, c.query)
		if status != exitError || !strings.Contains(text, c.want) || strings.Contains(text, "sesame") || strings.Contains(text, ".example") {
			t.Errorf("%s: exits with %d: %s, want %s", c.what, status, text, c.want)
		}
	}
	var left int
	if err := conn.QueryRow(ctx, "select count(*) from customers").Scan(&left); err != nil || left != len(customers) {
		t.Errorf("%d rows are left, %v", left, err)
	}
	if out, _, _ := runBulkhead(t, "index", "verify", "--key-file", key, path); !strings.Contains(out, "20000 records") {
		t.Errorf("the index of before is gone: %s", out)
	}
}
