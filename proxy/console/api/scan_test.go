package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// people is a table of customers.
func people(n int) string {
	var b strings.Builder
	b.WriteString("full_name,email,phone\n")
	for i := range n {
		name := string(rune('a'+i%26)) + string(rune('a'+i/26%26))
		b.WriteString("Anna M" + name + "ller," + name + ".mueller@client.example,+49 30 1234" + string(rune('0'+i%10)) + string(rune('0'+i/10%10)) + "7\n")
	}
	return b.String()
}

func (w *world) scan(body io.Reader, headers ...string) answer {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.url+api.Base+"/scan", body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+viewer)
	req.Header.Set("Content-Type", "application/octet-stream")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return w.do(req)
}

func TestScanTellsWhatWouldBecome(t *testing.T) {
	spool := t.TempDir()
	w := newWorld(t, func(c *api.Config) { c.SpoolDir = spool })
	for text, want := range map[string]string{people(60): "hold", "Dear Anna, see you on Monday.\n": "pass"} {
		got := w.ask(viewer, "POST /scan", text, api.FileHeader, "customers.csv", "Content-Type", "text/csv")
		var s api.Scan
		if err := json.Unmarshal(got.body, &s); err != nil || got.StatusCode != http.StatusOK || s.Action != want || s.Path != "customers.csv" || s.Bytes != int64(len(text)) || s.Evidence != nil {
			t.Errorf("want %s, got %s %s", want, got.Status, got.body)
		}
	}
	got := w.ask(viewer, "POST /scan?evidence=true", people(60), "Content-Type", "text/csv")
	var s api.Scan
	if err := json.Unmarshal(got.body, &s); err != nil || len(s.Evidence) == 0 || bytes.Contains(got.body, []byte("mueller")) {
		t.Errorf("the evidence is not there, or not masked: %s", got.body)
	}
	left, err := os.ReadDir(spool)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestScanHasBounds(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.ScanMost = 1000 })
	large := strings.Repeat("x", 1001)
	for name, body := range map[string]io.Reader{"by its length": strings.NewReader(large), "as it comes": io.MultiReader(strings.NewReader(large))} {
		got := w.scan(body)
		if got.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %s", name, got.Status)
		}
		w.problem(name, got)
	}
	if got := w.scan(strings.NewReader(large[1:])); got.StatusCode != http.StatusOK {
		t.Errorf("of the size that may be: %s %s", got.Status, got.body)
	}
	if got := w.scan(http.NoBody); got.StatusCode != http.StatusBadRequest {
		t.Errorf("nothing: %s", got.Status)
	}
}

func TestScanEndsWhenItsClientGoes(t *testing.T) {
	asked, gone := make(chan struct{}), make(chan error, 1)
	w := newWorld(t, func(c *api.Config) {
		c.Judge = func(ctx context.Context, _ api.Submission) (api.Scan, error) {
			close(asked)
			select {
			case <-ctx.Done():
			case <-time.After(time.Minute):
			}
			gone <- ctx.Err()
			return api.Scan{}, ctx.Err()
		}
	})
	ctx, leave := context.WithCancel(context.Background())
	req := w.request(viewer, "POST /scan", "text").WithContext(ctx)
	go func() {
		<-asked
		leave()
	}()
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close() // it should not be there
		t.Fatal("it was answered")
	}
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the judge was told %v", err)
	}
}

func TestWhatCannotBeJudgedIsNotPassed(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code int
	}{"in time": {context.DeadlineExceeded, 503}, "at all": {errors.New("ana.muster@client.example"), 500}} {
		w := newWorld(t, func(cfg *api.Config) {
			cfg.Judge = func(context.Context, api.Submission) (api.Scan, error) { return api.Scan{}, c.err }
		})
		got := w.ask(viewer, "POST /scan", "text", "Content-Type", "text/plain")
		if got.StatusCode != c.code || bytes.Contains(got.body, []byte("muster")) || c.code == 503 && got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %s %s", name, got.Status, got.body)
		}
	}
}

// zeros is endless.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// A message is in a file while it is judged, and never in memory as a whole.
func TestScanTakesNoMemoryOfItsSize(t *testing.T) {
	const size = 128 << 20
	var had int64
	w := newWorld(t, func(c *api.Config) {
		c.ScanMost = size
		c.Judge = func(_ context.Context, s api.Submission) (api.Scan, error) {
			had = s.Content.Size
			return api.NewScan(s.Name, s.Content.Size, &rules.Verdict{}, nil, 0), nil
		}
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := w.scan(io.LimitReader(zeros{}, size))
	runtime.ReadMemStats(&after)
	if got.StatusCode != http.StatusOK || had != size {
		t.Fatalf("%s, with %d bytes: %s", got.Status, had, got.body)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 8<<20 {
		t.Errorf("%d MiB were allocated for %d", took>>20, size>>20)
	}
}
