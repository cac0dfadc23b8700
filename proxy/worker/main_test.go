package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
	"go.uber.org/goleak"
)

// role, set in the environment, makes this test binary a worker.
const role = "BULKHEAD_TEST_WORKER"

func TestMain(m *testing.M) {
	switch r := os.Getenv(role); {
	case r == "honest":
		if err := Serve(os.Stdin, os.Stdout, readForTest); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	case r == "landlock":
		os.Exit(tryLandlock())
	case r != "":
		lie(r)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// The deeds that a worker of the tests can do besides reading archives.
const (
	leave foreign.Kind = iota + 200
	hang
	sleep
	eat
	grab // one allocation past every bound
	fall
	fallInFile
	openFile
	createFile
	dial
	execute
	call    // the system call whose number is the content
	flood   // more files than allowed
	spin    // an endless file
	peek    // the whole content, as one file
	nestled // a file, for a job to be nested in
)

func readForTest(ctx context.Context, job foreign.Job, out foreign.Output) error {
	// A parser asks for content before anything else.
	content := io.NewSectionReader(job.Content, 0, job.Size)
	if _, err := content.Read(make([]byte, 1)); err != nil {
		return err
	}
	switch job.Kind {
	case leave:
		os.Exit(3)
	case hang:
		for i := 0; ; i++ {
			if i < 0 {
				i = 0
			}
		}
	case sleep:
		time.Sleep(time.Hour)
	case eat:
		for all := []byte{1}; ; {
			all = append(all, all...)
		}
	case grab:
		n := 4 << 30
		return out.File(ctx, "", bytes.NewReader(make([]byte, n)))
	case fall:
		panic("content of a mail")
	case fallInFile:
		return out.File(ctx, "a", io.MultiReader(strings.NewReader("before"), panicking{}))
	case openFile:
		_, err := os.ReadFile("/etc/passwd")
		return tell(ctx, out, err)
	case createFile:
		return tell(ctx, out, os.WriteFile(os.TempDir()+"/bulkhead-test-escape", nil, 0o600))
	case dial:
		c, err := net.Dial("tcp", "127.0.0.1:1")
		if err == nil {
			c.Close()
		}
		return tell(ctx, out, err)
	case execute:
		return tell(ctx, out, syscall.Exec("/bin/true", []string{"true"}, nil))
	case call:
		b, err := io.ReadAll(io.NewSectionReader(job.Content, 0, job.Size))
		if err != nil {
			return err
		}
		return tell(ctx, out, rawCall(string(b)))
	case flood:
		for i := 0; ; i++ {
			if err := out.File(ctx, fmt.Sprint(i), strings.NewReader("x")); err != nil {
				return err
			}
		}
	case spin:
		return out.File(ctx, "", zeros{})
	case peek:
		return out.File(ctx, "", io.NewSectionReader(job.Content, 0, job.Size))
	case nestled:
		return errors.Join(out.File(ctx, "inner", strings.NewReader(strings.Repeat("x", 3*chunkSize))),
			out.File(ctx, "after", strings.NewReader("still here")))
	}
	return foreign.Read(ctx, job, out)
}

// tell reports as a file how a forbidden deed went.
func tell(ctx context.Context, out foreign.Output, err error) error {
	if err != nil {
		return document.ErrUnsupported
	}
	return out.File(ctx, "", strings.NewReader("done"))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("content of a mail") }

// pool makes a pool of workers that are this binary.
func pool(t testing.TB, change func(*Config)) *Pool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Program: self, Args: []string{"worker"}, Env: []string{role + "=honest"}, Processes: 1}
	if testing.Verbose() {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if change != nil {
		change(&cfg)
	}
	p := New(cfg)
	t.Cleanup(func() { p.Close() })
	return p
}

// work is a job on a few bytes.
func work(k foreign.Kind, content string) foreign.Job {
	return foreign.Job{
		Kind: k, Content: strings.NewReader(content), Size: int64(len(content)),
		Limits: foreign.Limits{Entries: 100, Window: 64 << 20},
	}
}

// record keeps what an output gets, one line a file.
type record struct {
	b strings.Builder
	// files is how many came; their names may hold line ends.
	files int
	// limit is how much of a file is read; 0 is all.
	limit int64
	// inner runs within each file.
	inner func(ctx context.Context, name string) error
}

func (r *record) File(ctx context.Context, name string, f io.Reader) error {
	r.files++
	if r.limit > 0 {
		f = io.LimitReader(f, r.limit)
	}
	if r.inner != nil {
		one := make([]byte, 1)
		if _, err := io.ReadFull(f, one); err != nil {
			return err
		}
		if err := r.inner(ctx, name); err != nil {
			return err
		}
		f = io.MultiReader(bytes.NewReader(one), f)
	}
	b, err := io.ReadAll(f)
	var why string
	for _, known := range codes() {
		if errors.Is(err, known) {
			why += ", " + known.Error()
		}
	}
	if err != nil && why == "" {
		why = ", lost"
	}
	fmt.Fprintf(&r.b, "%s: %d bytes %.40q%s\n", name, len(b), b, why)
	return nil
}

// wellBehaved checks that the pool still does jobs.
func wellBehaved(t testing.TB, p *Pool) {
	t.Helper()
	var r record
	if err := p.Isolate(context.Background(), work(peek, "fine"), &r); err != nil {
		t.Errorf("next job: %v", err)
	}
	if want := ": 4 bytes \"fine\"\n"; r.b.String() != want {
		t.Errorf("next job gave %q, want %q", r.b.String(), want)
	}
}
