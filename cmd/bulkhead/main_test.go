package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// update rewrites the golden parts of the scripts.
var update = flag.Bool("update", false, "rewrite golden files")

// TestMain lets the test binary be the program: under the name bulkhead it is
// main, as a process of its own. It fails where a test leaves a goroutine behind.
func TestMain(m *testing.M) {
	testscript.Main(leakless{m}, map[string]func(){"bulkhead": main})
}

// leakless runs the tests, and then looks for what they left at work.
type leakless struct{ *testing.M }

func (l leakless) Run() int {
	code := l.M.Run()
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestScripts runs the command lines of testdata/script against the program.
func TestScripts(t *testing.T) {
	testbed.SkipShort(t, "hundreds of processes take long")
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Cmds:                scriptCommands(),
		Setup: func(env *testscript.Env) error {
			for _, e := range env.Vars {
				if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "BULKHEAD_") {
					env.Setenv(name, "")
				}
			}
			return writeFixtures(env.WorkDir)
		},
	})
}

// writeFixtures puts generated files where the scripts find them: a list of
// people in several dresses, and a letter.
func writeFixtures(dir string) error {
	table := csvOf(makeCustomers(40))
	sheet, err := xlsxOf(makeCustomers(40))
	if err != nil {
		return err
	}
	message := attached("", "list@isp.example", "dora@client.example", "customers.csv", "text/csv", []byte(table)).content
	plain := letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content
	for name, content := range map[string][]byte{
		"people.csv": []byte(table), "people.eml": message, "letter.eml": plain,
		"people.xlsx": sheet, "cut.xlsx": sheet[:len(sheet)/2],
		"records.txt": []byte(notes(makeCustomers(40)[10:15])), "strangers.txt": []byte(notes(strangers(40)[10:15])),
		"letters.mbox": mboxOf(plain, plain), "people.mbox": mboxOf(plain, message),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// mboxOf writes a mailbox (RFC 4155).
func mboxOf(messages ...[]byte) []byte {
	var b bytes.Buffer
	for _, m := range messages {
		b.WriteString("From ana@office.example Tue Jul 11 10:42:00 2006\n")
		b.Write(bytes.ReplaceAll(m, []byte("\r\n"), []byte("\n")))
		b.WriteString("\n")
	}
	return b.Bytes()
}
