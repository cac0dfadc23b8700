package sqlite

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestColumnsOfDefinition(t *testing.T) {
	cases := map[string]definition{
		`CREATE TABLE t(a, b)`:                                                    {[]string{"a", "b"}, -1},
		`create table "a(b" (id INTEGER PRIMARY KEY, x)`:                          {[]string{"id", "x"}, 0},
		`CREATE TABLE t(x, id integer not null primary key)`:                      {[]string{"x", "id"}, 1},
		`CREATE TABLE t(id INT PRIMARY KEY)`:                                      {[]string{"id"}, -1},
		`CREATE TABLE t(id INTEGER(8) PRIMARY KEY)`:                               {[]string{"id"}, -1},
		`CREATE TABLE t(id INTEGER, x, PRIMARY KEY(id))`:                          {[]string{"id", "x"}, 0},
		`CREATE TABLE t(a INTEGER, b INTEGER, PRIMARY KEY(a, b))`:                 {[]string{"a", "b"}, -1},
		`CREATE TABLE t(a, "b ""c", [d e], ` + "`f`" + `, 'g')`:                   {[]string{"a", `b "c`, "d e", "f", "g"}, -1},
		`CREATE TABLE t(a DECIMAL(10,2) DEFAULT (1), b CHECK (b IN (1,2)), c)`:    {[]string{"a", "b", "c"}, -1},
		`CREATE TABLE t(a, b AS (a+1), c GENERATED ALWAYS AS (a) STORED)`:         {[]string{"a", "c"}, -1},
		`CREATE TABLE t(a, b, c, PRIMARY KEY (c DESC, a)) WITHOUT ROWID`:          {[]string{"c", "a", "b"}, -1},
		`CREATE TABLE t(a, b INTEGER PRIMARY KEY) WITHOUT ROWID, STRICT`:          {[]string{"b", "a"}, -1},
		`CREATE TABLE t(a, CONSTRAINT k UNIQUE (a), FOREIGN KEY(a) REFERENCES x)`: {[]string{"a"}, -1},
		"CREATE TABLE t(a, -- b, c\n d /* e, f */)":                               {[]string{"a", "d"}, -1},
		`CREATE TABLE t(`:  {nil, -1},
		`CREATE TABLE t`:   {nil, -1},
		``:                 {nil, -1},
		`CREATE TABLE t(a`: {[]string{"a"}, -1},
	}
	for sql, want := range cases {
		if diff := cmp.Diff(want, parseTable(sql), cmp.AllowUnexported(definition{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sql, diff)
		}
	}
}
