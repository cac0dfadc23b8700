package proxy_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// An inspection that is left behind at its deadline reads its own message still,
// and nothing of those that come after it.
func TestLeftBehindReadsItsOwnMessage(t *testing.T) {
	others := realInspector(t)
	goOn, read := make(chan struct{}), make(chan string, 1)
	own := message(strings.Repeat("a line that nobody else writes\r\n", 1500))
	r := newRig(t, func(c *proxy.Config) {
		c.Deadline, c.Inspections = 300*time.Millisecond, 2
		limits := c.Limits
		inspectedBy(c, inspectFunc(func(ctx context.Context, m extract.Source) (*rules.Evidence, error) {
			if m.Size != int64(len(own)) {
				return others.Inspect(ctx, m, limits)
			}
			<-goOn
			defer func() {
				if recover() != nil {
					read <- "nothing: its memory is gone"
				}
			}()
			content, err := io.ReadAll(io.NewSectionReader(m, 0, m.Size))
			read <- string(content)
			return nil, err
		}))
	})
	p := r.dial(t)
	p.envelope()
	if got := p.data(own); !strings.HasPrefix(got, "451 4.3.0 Could not be inspected in time") {
		t.Fatalf("%q", got)
	}
	for range 20 {
		p.envelope()
		p.data(message(strings.Repeat("of another message\r\n", 2000)))
	}
	close(goOn)
	select {
	case got := <-read:
		if got != own {
			t.Errorf("it read %.60q, want its own message", got)
		}
	case <-time.After(20 * time.Second):
		t.Error("it was not left behind")
	}
}
