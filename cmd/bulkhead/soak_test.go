package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// soakTime is how long the soak goes on: as long as the environment variable
// BULKHEAD_SOAK says, or as fits into a run of all tests.
func soakTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("BULKHEAD_SOAK")
	if text == "" {
		return 5 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		t.Fatalf("BULKHEAD_SOAK=%s: want a time such as 30m", text)
	}
	return d
}

// mixedMessages are those of the demonstration, and, where they lie beside the
// checkout, all the labelled files, as messages or attached to one.
func mixedMessages(t *testing.T) (list []readyMessage) {
	t.Helper()
	made, err := scenes()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range made {
		if len(s.content) < 1<<20 { // the others are the accident with 20,000 records
			list = append(list, readied(s.title, s.content))
		}
	}
	for _, dir := range []string{"corpus", "evasion"} {
		for _, l := range readManifest(t, filepath.Join(sharedDir, dir)) {
			content, err := os.ReadFile(filepath.Join(sharedDir, dir, l.path))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(l.path, ".eml") {
				content = attached("", "a@isp.example", "b@client.example", filepath.Base(l.path), "application/octet-stream", content).content
			}
			list = append(list, readied(l.path, content))
		}
	}
	return list
}

// soaked is what a soak has sent so far.
type soaked struct {
	mu      sync.Mutex
	replies map[string]int // by code, and "held"
	wrong   []string
}

func (s *soaked) note(name, reply string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case strings.HasPrefix(reply, "250 2.0.0 Held"):
		s.replies["held"]++
	case strings.HasPrefix(reply, "250"):
		s.replies["passed"]++
	default:
		s.wrong = append(s.wrong, name+": "+reply)
	}
}

// soak sends messages of few senders to few recipients until the end, with a new
// connection now and then.
func (s *soaked) soak(address string, list []readyMessage, end time.Time) {
	for time.Now().Before(end) {
		c, err := newTool("", address)
		if err != nil {
			s.note("connecting", err.Error())
			return
		}
		for range 1 + rand.IntN(20) {
			m := list[rand.IntN(len(list))]
			s.note(m.name, c.send(fmt.Sprintf("s%d@isp.example", rand.IntN(100)), fmt.Sprintf("r%d@client.example", rand.IntN(500)), m))
		}
		c.conn.Close() // as clients do that are in a hurry
	}
}

// TestSoak: at full rate with mixed messages nothing grows that does not have
// to: memory, descriptors and goroutines stay level, and when the load is over
// all that it took is given back.
func TestSoak(t *testing.T) {
	testbed.SkipShort(t, "long")
	lasting := soakTime(t)
	list := mixedMessages(t)
	up := newCountingSink(t)
	p := serve(t, t.TempDir(), up.url())
	s := &soaked{replies: map[string]int{}}
	c, err := newTool("", p.smtp[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list { // so that what is made once is there
		s.note(m.name, c.send("warm@isp.example", "r0@client.example", m))
	}
	c.conn.Close() // every reply has been read
	idle := p.settled(t, reading{})

	var clients sync.WaitGroup
	end := time.Now().Add(lasting)
	for range 8 {
		clients.Go(func() { s.soak(p.smtp[0], list, end) })
	}
	var readings []reading
	for every := max(lasting/300, 100*time.Millisecond); time.Now().Before(end); time.Sleep(every) {
		readings = append(readings, p.reading(t))
		p.forgetLog()
	}
	clients.Wait()
	after := p.settled(t, idle)

	if len(s.wrong) > 0 {
		t.Errorf("%d messages were not taken, such as %s", len(s.wrong), s.wrong[0])
	}
	if got := int(up.taken.Load()); got != s.replies["passed"] {
		t.Errorf("%d messages were taken and not held, the upstream has %d", s.replies["passed"], got)
	}
	readings = readings[len(readings)/3:] // until then caches fill
	t.Logf("%d passed, %d held in %v", s.replies["passed"], s.replies["held"], lasting)
	checkLevel(t, lasting, readings, idle, after)
	p.stop(t)
}

// fewDescriptors and fewGoroutines are no leak: a store's reader that stays open,
// a connection that lingers.
const fewDescriptors, fewGoroutines = 8, 16

// slopeFrom is how long a load has to last before its slope tells anything: a
// connection takes some goroutines, and how many there are differs by the second.
// What is given back afterwards tells of a leak at once.
const slopeFrom = 2 * time.Minute

// checkLevel fails if what a process takes grew under a steady load, or was not
// given back after it.
func checkLevel(t *testing.T, lasting time.Duration, readings []reading, idle, after reading) {
	t.Helper()
	for _, what := range []struct {
		name  string
		of    func(reading) float64
		least float64 // growth that is no leak, whatever there is of it
		unit  float64
	}{
		{"descriptors", func(r reading) float64 { return r.descriptors }, fewDescriptors, 1},
		{"goroutines", func(r reading) float64 { return r.goroutines }, fewGoroutines, 1},
		{"memory, MiB", func(r reading) float64 { return r.memory }, 48 << 20, 1 << 20},
		{"memory of workers, MiB", func(r reading) float64 { return r.workers }, 48 << 20, 1 << 20},
	} {
		level, grown := drift(readings, what.of)
		t.Logf("%s: %.0f, grown by %.1f over %d readings; idle %.0f, after it %.0f",
			what.name, level/what.unit, grown/what.unit, len(readings), what.of(idle)/what.unit, what.of(after)/what.unit)
		if grown > max(level/10, what.least) && lasting >= slopeFrom {
			t.Errorf("%s grew by %.1f from about %.0f", what.name, grown/what.unit, level/what.unit)
		}
		if left := what.of(after) - what.of(idle); what.unit == 1 && left > what.least {
			t.Errorf("%s: %.0f more than before the load", what.name, left)
		}
	}
}

// reading is what a process takes at one time.
type reading struct {
	at                                       time.Time
	descriptors, goroutines, memory, workers float64 // memory in bytes, resident
}

// reading reads it from the process's own metrics, and that of its workers, which
// have none, from /proc.
func (p *process) reading(t *testing.T) reading {
	t.Helper()
	return reading{
		at: time.Now(), descriptors: p.metric(t, "process_open_fds"), goroutines: p.metric(t, "go_goroutines"),
		memory: p.metric(t, "process_resident_memory_bytes"), workers: childMemory(t, p.cmd.Process.Pid),
	}
}

// forgetLog frees the log so far.
func (p *process) forgetLog() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log.Reset()
}

// settled waits until an idle process takes no more than before, or, where it
// has not been idle before, gives nothing more back.
func (p *process) settled(t *testing.T, before reading) reading {
	t.Helper()
	last := p.reading(t)
	for range 100 {
		time.Sleep(200 * time.Millisecond)
		now := p.reading(t)
		first := before.at.IsZero() && now.descriptors >= last.descriptors && now.goroutines >= last.goroutines
		if first || now.descriptors <= before.descriptors+fewDescriptors && now.goroutines <= before.goroutines+fewGoroutines {
			return now
		}
		last = now
	}
	return last
}

// children returns the processes that a process has started.
func children(t *testing.T, pid int) (pids []int) {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // that thread has ended
		}
		for child := range strings.FieldsSeq(string(text)) {
			pid, err := strconv.Atoi(child)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// childMemory is what they take, in bytes.
func childMemory(t *testing.T, pid int) (sum float64) {
	t.Helper()
	for _, child := range children(t, pid) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", child))
		if err != nil {
			continue // that process has ended
		}
		var all, resident float64
		if _, err := fmt.Sscan(string(text), &all, &resident); err != nil {
			t.Fatal(err)
		}
		sum += resident * float64(os.Getpagesize())
	}
	return sum
}

// drift returns the median of readings, and by how much they grew from the first
// to the last: by the median slope between any two (Theil and Sen), which single
// peaks do not move.
func drift(readings []reading, of func(reading) float64) (level, grown float64) {
	var values, slopes []float64
	for i, a := range readings {
		values = append(values, of(a))
		for _, b := range readings[i+1:] {
			slopes = append(slopes, (of(b)-of(a))/b.at.Sub(a.at).Seconds())
		}
	}
	if len(slopes) == 0 {
		return 0, 0
	}
	slices.Sort(values)
	slices.Sort(slopes)
	return values[len(values)/2], slopes[len(slopes)/2] * readings[len(readings)-1].at.Sub(readings[0].at).Seconds()
}
