package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// memoryBound is how much a message of 50 MB may add to the process.
const memoryBound = 64 << 20

// peak returns the most memory that the process has had resident since the
// last reset.
func (p *process) peak(t testing.TB) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		testbed.Skip(t, "there is no /proc to read memory from")
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			var kib int64
			if _, err := fmt.Sscan(rest, &kib); err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("no VmHWM in /proc")
	return 0
}

func (p *process) resetPeak(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0); err != nil {
		testbed.Skip(t, fmt.Sprintf("the peak of memory cannot be reset: %v", err))
	}
}

// bigSize is the size of a message in the tests of memory: just within the
// default max_size of 50 MiB.
const bigSize = 50_000_000

func bigTable() []byte {
	var b strings.Builder
	customers := makeCustomers(20_000)
	for b.Len() < bigSize*3/4*76/78-2000 {
		for i, row := range customers {
			row[1] = fmt.Sprintf("%s%d", row[1][:2], b.Len()+i) // other people each time
			b.WriteString(strings.Join(row, ",") + "\n")
			if b.Len() > bigSize*3/4*76/78-2000 {
				break
			}
		}
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(strings.Join(customerFields, ",") + "\n" + b.String()))
	var m bytes.Buffer
	m.WriteString(headerOf("list@isp.example", "dora@client.example", "All of them") +
		"Content-Type: text/csv; name=all.csv\r\nContent-Disposition: attachment; filename=all.csv\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	for ; len(encoded) > 76; encoded = encoded[76:] {
		m.WriteString(encoded[:76] + "\r\n")
	}
	m.WriteString(encoded + "\r\n")
	return m.Bytes()
}

func bigProse() []byte {
	page := strings.ReplaceAll(ordinaryLetter, "\n", "\r\n")
	return []byte(headerOf("ana@office.example", "ben@client.example", "A long story") +
		"Content-Type: text/plain\r\n\r\n" + strings.Repeat(page, bigSize/len(page)))
}

func bigLine() []byte {
	const words = "thank you for your call this morning and bring the drawings of the bridge "
	return []byte(headerOf("ana@office.example", "ben@client.example", "One long line") +
		"Content-Type: text/plain\r\n\r\n" + strings.Repeat(words, bigSize/len(words)) + "\r\n")
}

func TestMemoryOfABigMessageIsBounded(t *testing.T) {
	testbed.SkipShort(t, "long")
	for _, c := range []struct {
		name    string
		message []byte
		answer  string
	}{
		{"a base64 CSV attachment of people", bigTable(), "2.0.0 Held for review"},
		{"prose", bigProse(), "2.0.0 Kept as"},
		{"one line", bigLine(), "2.0.0 Kept as"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := serve(t, t.TempDir(), "maildir:"+t.TempDir())
			warm := letter("", "ana@office.example", "ben@client.example", ordinaryLetter)
			dial(t, p.smtp[0]).send(warm.from, []string{warm.to}, warm.content)
			p.resetPeak(t)
			idle := p.peak(t)
			began := time.Now()
			code, text := dial(t, p.smtp[0]).send("ana@office.example", []string{"ben@client.example"}, c.message)
			took := time.Since(began)
			grown := p.peak(t) - idle
			t.Logf("%d MB: %d %.60s in %v; idle %.1f MiB, grown by %.1f MiB", len(c.message)/1e6, code, text,
				took.Round(time.Millisecond), float64(idle)/(1<<20), float64(grown)/(1<<20))
			if code != 250 || !strings.HasPrefix(text, c.answer) {
				t.Errorf("answered %d %s, want 250 %s", code, text, c.answer)
			}
			if grown > memoryBound {
				t.Errorf("memory grew by %d MiB, want at most %d", grown>>20, memoryBound>>20)
			}
		})
	}
}
