package worker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

func TestFramesComeAsTheyWereSent(t *testing.T) {
	var b bytes.Buffer
	l := link{r: &b, w: &b}
	for _, size := range []int{0, 1, chunkSize, maxFrame} {
		sent := bytes.Repeat([]byte{7}, size)
		if err := l.send(data, sent[:size/2], sent[size/2:]); err != nil {
			t.Fatal(err)
		}
		k, got, err := l.receive()
		if err != nil || k != data || !bytes.Equal(got, sent) {
			t.Errorf("%d bytes came as kind %c, %d bytes, error %v", size, k, len(got), err)
		}
	}
	if err := l.send(data, make([]byte, maxFrame+1)); !errors.Is(err, errFrame) {
		t.Errorf("too large a frame: error %v, want %v", err, errFrame)
	}
}

func TestErrorsKeepTheirKindAndNothingElse(t *testing.T) {
	for _, known := range codes() {
		told := errorOf(codeOf(errors.Join(errors.New("Ann Example"), known)))
		for _, other := range codes() {
			if errors.Is(told, other) != (other == known) { //nolint:errorlint // is it the very one
				t.Errorf("%v came as %v", known, told)
			}
		}
	}
	both := errorOf(codeOf(errors.Join(document.ErrEncrypted, document.ErrDamaged)))
	if !errors.Is(both, document.ErrEncrypted) || !errors.Is(both, document.ErrDamaged) {
		t.Errorf("of two errors came %v", both)
	}
	if err := errorOf(codeOf(errors.New("Ann Example"))); !errors.Is(err, document.ErrDamaged) {
		t.Errorf("an error without a kind came as %v, want %v", err, document.ErrDamaged)
	}
	if errorOf(codeOf(nil)) != nil {
		t.Error("no error came as one")
	}
}

// scripted is a process whose worker is a fixed run of bytes.
func scripted(b []byte) *process {
	p := &process{link: link{r: bytes.NewReader(b), w: io.Discard}}
	p.killed.Do(func() {}) // there is nothing to kill
	return p
}

// Whatever a worker says, a job ends, in order only after a frame that says
// so, within the bounds that the pool set.
func FuzzWorkerSays(f *testing.F) {
	for _, b := range lies() {
		f.Add(b)
	}
	// A name of line ends is one file.
	f.Add([]byte("F\x00\x00\x00\f000000\n\n\n\n\n0"))
	f.Add([]byte{byte(file), 0, 0, 0, 1, 'a', byte(data), 0, 0, 0, 1, 'x', byte(end), 0, 0, 0, 1, 0, byte(done), 0, 0, 0, 2, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := scripted(b)
		job := work(foreign.XZ, "content")
		job.Limits.Entries = 5
		var r record
		err := p.run(context.Background(), job, &r)
		if err == nil && !bytes.Contains(b, []byte{byte(done), 0, 0, 0, 2, 0}) {
			t.Error("a job ended well without a word")
		}
		if !p.broken && errors.Is(err, errFrame) {
			t.Error("a liar is kept")
		}
		if r.files > 5 {
			t.Errorf("%d files, want at most 5", r.files)
		}
		if cap(p.in) > maxFrame {
			t.Errorf("a frame took %d bytes", cap(p.in))
		}
	})
}

// Whatever the archive, its reading ends in time, with an error of a known
// kind, and the next one is read: libraries that loop, panic or take memory
// are what the pool is for. The fuzzer of each process has a pool of its own.
func FuzzArchive(f *testing.F) {
	for name, b := range fixtures(f) {
		kind := foreign.XZ
		switch {
		case strings.HasSuffix(name, ".7z"):
			kind = foreign.SevenZip
		case strings.Contains(name, ".rar"):
			kind = foreign.RAR
		case strings.HasSuffix(name, ".lzma"):
			kind = foreign.LZMA
		}
		f.Add(uint8(kind), b)
	}
	p := pool(f, func(c *Config) { c.Silence, c.Jobs = 500*time.Millisecond, 1000 })
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		job := foreign.Job{Kind: foreign.Kind(kind) % 5, Content: bytes.NewReader(b), Size: int64(len(b)),
			Passwords: []string{"infected"}, Limits: foreign.Limits{Entries: 20, Window: 1 << 20}}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		r := record{limit: 1 << 20}
		err := p.Isolate(ctx, job, &r)
		known := err == nil || errors.Is(err, context.DeadlineExceeded)
		for _, kind := range codes() {
			known = known || errors.Is(err, kind)
		}
		if !known || errors.Is(err, io.EOF) {
			t.Errorf("error %v", err)
		}
		if n := strings.Count(r.b.String(), "\n"); n > 20 {
			t.Errorf("%d files, want at most 20", n)
		}
	})
}
