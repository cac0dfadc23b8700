package search_test

import (
	"os"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
)

func TestSearchesAreReadAsMeant(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"state:open", "state:open"},
		{"  State:OPEN\t people:>=100 ", "state:open people:>=100"},
		{"people:10", "people:10"},
		{"people:=10", "people:10"},
		{"size:>5M", "size:>5242880"},
		{"size:<2KiB", "size:<2048"},
		{"age:<4h", "age:<4h0m0s"},
		{"age:>2w", "age:>336h0m0s"},
		{"after:2026-11-01", "after:2026-11-01T00:00:00Z"},
		{"before:2026-11-25T14:30+01:00", ""}, // seconds go with an offset
		{"before:2026-11-25T14:30:00+01:00", "before:2026-11-25T13:30:00Z"},
		{"policy:a OR policy:b field:c", "policy:a OR (policy:b field:c)"},
		{"(policy:a OR policy:b) field:c", "(policy:a OR policy:b) field:c"},
		{"policy:a,b field:c", "(policy:a OR policy:b) field:c"},
		{"policy:a AND -field:c", "policy:a -field:c"},
		{"-(policy:a field:c)", "-(policy:a field:c)"},
		{`policy:"my own, second" id:IN-7K2M-Q9XD`, `policy:"my own, second" id:IN-7K2M-Q9XD`},
		{`policy:"a \"b\" \\"`, `policy:"a \"b\" \\"`},
		{"in-7k2m-q9xd", "id:IN-7K2M-Q9XD"},
		{"ana@shop.example", "from:ana@shop.example OR to:ana@shop.example"},
		{"policy:OR", "policy:OR"},
		{"policy:ORDERS OR policy:b", "policy:ORDERS OR policy:b"},
	}
	for _, test := range tests {
		e, err := search.Parse(test.text)
		switch {
		case test.want == "" && err == nil:
			t.Errorf("%s reads %s; want an error", test.text, e)
		case test.want != "" && err != nil:
			t.Errorf("%s: %v", test.text, err)
		case test.want != "" && e.String() != test.want:
			t.Errorf("%s reads %s; want %s", test.text, e, test.want)
		}
	}
	if e, err := search.Parse(" \n"); e != nil || err != nil {
		t.Errorf("nothing reads %v, %v; want all", e, err)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"polcy:a", `at character 1: there is no "polcy" to search by; did you mean policy:?`},
		{"state:open stat:held", "at character 12: "},
		{"state:opn", "did you mean open?"},
		{"people:>=many", "people:many: not a number; write it as people:>=100"},
		{"people:-1", "not a number"},
		{"people:", "people: has no value; write it as people:>=100"},
		{"size:>5X", "not a size"},
		{"size:>99999999999999T", "not a size"},
		{"age:<-4h", "not an age"},
		{"before:yesterday", "before:yesterday: not a time; write it as before:2026-11-25T14:30"},
		{"from:ana@", "not an address, nor a domain"},
		{"client:10.0.0.1", "client: cannot be searched by: the client's address is sealed"},
		{"subjects:>3", "is called people:"},
		{"hello", "say what \"hello\" is"},
		{"(policy:a", "at character 1: this bracket is not closed"},
		{"policy:a)", "at character 9: a closing bracket without an opening one"},
		{"é:1 )", "at character 1: there is no"},
		{"policy:a OR", "at character 12: something to search for is missing at the end"},
		{"()", "missing before this bracket"},
		{`policy:"a`, "this quote is not closed"},
		{strings.Repeat("-", 11) + "policy:a", "more than 10 brackets or minuses"},
		{strings.Repeat("policy:a ", 51), "more than 50 conditions"},
		{strings.Repeat("policy:a ", 300), "longer than 2000 bytes"},
		{"policy:\xff", "not UTF-8"},
	}
	for _, test := range tests {
		if e, err := search.Parse(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.60q reads %v, %v; want %q", test.text, e, err, test.want)
		}
	}
}

func TestEachExampleReads(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../../configs/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range search.Docs() {
		e, err := search.Parse(d.Example)
		if term, ok := e.(search.Term); err != nil || !ok || term.Key != d.Key {
			t.Errorf("%s reads %v, %v", d.Example, e, err)
		}
		if line := "| `" + d.Example + "` | " + d.Meaning + " |"; !strings.Contains(string(readme), line) {
			t.Errorf("configs/README.md does not have the line\n%s", line)
		}
	}
}

// FuzzParse: whatever is read is written so that the same is read again.
func FuzzParse(f *testing.F) {
	for _, d := range search.Docs() {
		f.Add(d.Example + " -(" + d.Example + " OR " + d.Example + ")")
	}
	f.Add("@")
	f.Add(`policy:"a \"b\"",c AND -people:>=10 OR ana@shop.example`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := search.Parse(text)
		if err != nil || e == nil {
			return
		}
		written := e.String()
		if len(written) > 2000 { // quotes and units made it longer than a search may be
			return
		}
		again, err := search.Parse(written)
		if err != nil {
			t.Fatalf("%q is written %q, which is not read: %v", text, written, err)
		}
		if again.String() != written {
			t.Fatalf("%q is written %q, and that %q", text, written, again)
		}
	})
}
