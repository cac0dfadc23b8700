package events_test

import (
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/events"
)

// What a message waits for: its event is written and put into the queue.
func BenchmarkVerdict(b *testing.B) {
	w, v := writer(events.Hashed), held()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Verdict(v); err != nil {
			b.Fatal(err)
		}
	}
}
