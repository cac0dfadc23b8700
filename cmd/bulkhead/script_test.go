package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptCommands are the checks that the scripts have beside testscript's own.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"lines":    checkLines,
		"line":     checkLine,
		"keys":     checkKeys,
		"novalues": checkNoValues,
		"exits":    checkExit,
		"expire":   expire,
	}
}

// checkExit runs "exits STATUS PROGRAM ARGS…".
func checkExit(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%v exits with %d, want %d", args[1:], got, want)
	}
}

// expire is "expire FILE": the entries of an allow list have expired.
func expire(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	text, err := os.ReadFile(file)
	ts.Check(err)
	past := regexp.MustCompile(`expires: .*`).ReplaceAllString(string(text), "expires: 2020-01-01T00:00:00Z")
	ts.Check(os.WriteFile(file, []byte(past), 0o600))
}

func linesOf(ts *testscript.TestScript, file string) []string {
	return strings.Split(strings.TrimSuffix(ts.ReadFile(file), "\n"), "\n")
}

// checkLines is "lines FILE N".
func checkLines(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got := len(linesOf(ts, args[0])); got != want {
		ts.Fatalf("%s has %d lines, want %d:\n%s", args[0], got, want, ts.ReadFile(args[0]))
	}
}

// checkLine is "line FILE N REGEXP".
func checkLine(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	if line := linesOf(ts, args[0])[n-1]; !regexp.MustCompile(args[2]).MatchString(line) {
		ts.Fatalf("line %d of %s is %s, want %s", n, args[0], line, args[2])
	}
}

// checkKeys is "keys FILE KEY…": every line is an object of exactly these.
func checkKeys(ts *testscript.TestScript, _ bool, args []string) {
	want := slices.Sorted(slices.Values(args[1:]))
	for _, line := range linesOf(ts, args[0]) {
		var object map[string]json.RawMessage
		ts.Check(json.Unmarshal([]byte(line), &object))
		if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, want) {
			ts.Fatalf("%s has the keys %v, want %v", line, got, want)
		}
	}
}

// checkNoValues is "novalues FILE TABLE": no name, address or number of the
// people in the table stands in the file.
func checkNoValues(ts *testscript.TestScript, _ bool, args []string) {
	rows, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[1]))).ReadAll()
	ts.Check(err)
	if value := plainValue(ts.ReadFile(args[0]), rows[1:]); value != "" {
		ts.Fatalf("%s shows the plain value %q:\n%s", args[0], value, ts.ReadFile(args[0]))
	}
}

// plainValue returns an identifying value of the customers that stands in the
// text as a word of its own, "" if none does.
func plainValue(text string, customers [][]string) string {
	words := map[string]bool{}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n<>\"',;|", r) }) {
		words[w] = true
	}
	for _, row := range customers {
		// service_id, username, postmaster_email, alt_email
		for _, column := range []int{0, 1, 5, 6} {
			if words[row[column]] {
				return row[column]
			}
		}
		if strings.Contains(text, row[2]) { // full_name
			return row[2]
		}
	}
	return ""
}
