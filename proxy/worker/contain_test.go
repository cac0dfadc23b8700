package worker

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

func TestABadJobIsContained(t *testing.T) {
	for _, c := range []struct {
		name string
		kind foreign.Kind
		want error
		out  string // what came before stays good
	}{
		{"the process ends", leave, foreign.ErrFailed, ""},
		{"it computes for ever", hang, context.DeadlineExceeded, ""},
		{"it sleeps for ever", sleep, context.DeadlineExceeded, ""},
		{"it panics", fall, foreign.ErrFailed, ""},
		{"it panics within a file", fallInFile, foreign.ErrFailed, ""},
		{"it gives more files than it may", flood, foreign.ErrFailed, "99: 1 bytes \"x\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pool(t, func(cfg *Config) { cfg.Silence = 700 * time.Millisecond })
			var r record
			err := p.Isolate(context.Background(), work(c.kind, "x"), &r)
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "content of a mail") {
				t.Errorf("error tells what the parser said: %v", err)
			}
			if !strings.HasSuffix(r.b.String(), c.out) {
				t.Errorf("gave %q, want it to end in %q", r.b.String(), c.out)
			}
			wellBehaved(t, p)
		})
	}
}

func TestMemoryIsBounded(t *testing.T) {
	needs(t, Bounded)
	for name, kind := range map[string]foreign.Kind{"little by little": eat, "at once": grab} {
		t.Run(name, func(t *testing.T) {
			p := pool(t, nil)
			if err := p.Isolate(context.Background(), work(kind, "x"), &record{}); !errors.Is(err, foreign.ErrFailed) {
				t.Errorf("error %v, want %v", err, foreign.ErrFailed)
			}
			wellBehaved(t, p)
		})
	}
}

// The Parquet library takes memory for a page of the size that its header
// states, 2 GB here, before it reads it.
func TestAParserThatTakesWhatAFileStatesIsContained(t *testing.T) {
	needs(t, Bounded)
	b, err := os.ReadFile("../../rules/extract/foreign/testdata/people.parquet")
	if err != nil {
		t.Fatal(err)
	}
	size := []byte("\xc0\x25") // both of the first page, in Thrift's compact protocol
	page := bytes.Index(b, slices.Concat([]byte("\x15"), size, []byte("\x15"), size))
	if page < 0 {
		t.Fatal("the fixture has no page of that size")
	}
	at := page + len("\x15..\x15")
	huge := slices.Concat(b[:at], []byte("\xfe\xff\xff\xff\x0f"), b[at+len(size):])
	p := pool(t, nil)
	var bad, good record
	err = p.Isolate(context.Background(), work(foreign.Parquet, string(huge)), &bad)
	if !errors.Is(err, foreign.ErrFailed) {
		t.Errorf("error %v, want %v; gave %q", err, foreign.ErrFailed, bad.b.String())
	}
	if err := p.Isolate(context.Background(), work(foreign.Parquet, string(b)), &good); err != nil || good.files != 1 || strings.Contains(good.b.String(), ",") {
		t.Errorf("the next job: %v, gave %q", err, good.b.String())
	}
}

func TestWhatAParserNeedsNotIsRefused(t *testing.T) {
	needs(t, Syscalls)
	for _, c := range []struct {
		name string
		kind foreign.Kind
		want error // unsupported: told "no"; failed: killed
	}{
		{"reading a file", openFile, document.ErrUnsupported},
		{"making a file", createFile, document.ErrUnsupported},
		{"a connection", dial, foreign.ErrFailed},
		{"another program", execute, foreign.ErrFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pool(t, nil)
			var r record
			err := p.Isolate(context.Background(), work(c.kind, "x"), &r)
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if r.b.Len() > 0 {
				t.Errorf("it was done")
			}
			wellBehaved(t, p)
		})
	}
}

// needs skips a test that the kernel has no means for. In CI it has.
func needs(t *testing.T, want Protection) {
	t.Helper()
	p := pool(t, nil)
	wellBehaved(t, p)
	if held := p.idle[0].held; held&want != want {
		if os.Getenv("CI") != "" {
			t.Fatalf("workers hold only: %v", held)
		}
		t.Skipf("this system cannot: workers hold only: %v", held)
	}
}

func TestTheEndOfAContextKillsTheWorker(t *testing.T) {
	p := pool(t, nil)
	wellBehaved(t, p) // a worker is up
	why := errors.New("past the time bound")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 200*time.Millisecond, why)
	defer cancel()
	began := time.Now()
	if err := p.Isolate(ctx, work(hang, "x"), &record{}); !errors.Is(err, why) {
		t.Errorf("error %v, want %v", err, why)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if len(p.live) != 0 {
		t.Errorf("%d workers alive, want none", len(p.live))
	}
	wellBehaved(t, p)
}

func TestAnOutputThatHasEnoughEndsAnEndlessFile(t *testing.T) {
	p := pool(t, nil)
	r := record{limit: 3*chunkSize + 7}
	if err := p.Isolate(context.Background(), work(spin, "x"), &r); err != nil {
		t.Error(err)
	}
	if want := ": 196615 bytes"; !strings.HasPrefix(r.b.String(), want) {
		t.Errorf("gave %q, want %q", r.b.String(), want)
	}
	wellBehaved(t, p)
}
