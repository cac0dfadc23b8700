package console

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/google/go-cmp/cmp"
)

func TestPartsStandUnderWhatTheyAreIn(t *testing.T) {
	part := func(path string, outcome extract.Outcome) extract.Opened {
		return extract.Opened{Part: extract.Part{Path: path}, Outcome: outcome}
	}
	tree := newPartTree([]extract.Opened{
		part("1", extract.Read), part("2/a.zip", extract.Partly), part("2/a.zip/b.xlsx", extract.Read), part("2/a.zip/b.xlsx/Sheet1", extract.NotRead),
		part("2/a.zip.txt", extract.Read), part("3", extract.Read), part("3/1.1", extract.Read), part("31", extract.Read),
	}, []extract.Unread{
		{Path: "2/a.zip", Reason: extract.Encrypted, Detail: "needs a password"}, {Path: "2/a.zip", Reason: extract.TooMany},
		{Path: "2/a.zip/b.xlsx/Sheet1", Reason: extract.TooBig}, {Path: "", Reason: extract.TooMany, Detail: "more parts", Partial: true},
	})
	var got []string
	for _, l := range tree.Lines {
		got = append(got, fmt.Sprintf("%d %s %s %s", l.Depth, l.Name, l.Outcome, strings.Join(l.Why, "; ")))
	}
	want := []string{"0 1 read ", "0 2/a.zip partial needs a password; too many", "1 b.xlsx read ", "2 Sheet1 unread too big",
		"0 2/a.zip.txt read ", "0 3 read ", "1 1.1 read ", "0 31 read ", "0  partial more parts"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	deep := strings.TrimSuffix(strings.Repeat("x/", 40), "/")
	var parts []extract.Opened
	for i := range 600 {
		parts = append(parts, part(deep[:2*min(i, 39)+1], extract.Read))
	}
	tree = newPartTree(parts, nil)
	if last := tree.Lines[len(tree.Lines)-1]; len(tree.Lines) != maxPartLines || tree.More != 100 || last.Depth > maxPartDepth {
		t.Errorf("%d lines, %d more, the last at depth %d", len(tree.Lines), tree.More, last.Depth)
	}
}

// However many people look, the grants take no more memory: the one that would
// end first makes room.
func TestGrantsAreBounded(t *testing.T) {
	now := time.Unix(0, 0)
	g := newGrants(func() time.Time { return now })
	for i := range maxGrants + 1 {
		now = now.Add(time.Millisecond)
		g.give(grant{"ana", fmt.Sprint(i), "preview"})
	}
	if len(g.until) != maxGrants || !g.ends(grant{"ana", "0", "preview"}).IsZero() || g.ends(grant{"ana", "1", "preview"}).IsZero() {
		t.Errorf("%d grants", len(g.until))
	}
	now = now.Add(grantTime)
	g.give(grant{"ana", "new", "preview"})
	if len(g.until) != 1 {
		t.Errorf("%d grants are left, of which one runs", len(g.until))
	}
}

// Held content is read at any place, and breaks off once nobody waits for it.
func TestHeldContentIsReadAtAnyPlace(t *testing.T) {
	store, err := quarantine.Open(t.Context(), t.TempDir(), quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() }) // read only by now
	var content strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&content, "line %d\r\n", i)
	}
	m, err := store.Hold(t.Context(), quarantine.Message{Recipients: []quarantine.Recipient{{Address: "x@client.example"}}}, strings.NewReader(content.String()))
	if err != nil {
		t.Fatal(err)
	}
	held, err := store.Content(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	h := held.At()
	src := extract.Source{ReaderAt: h, Size: h.Size()}
	if err := iotest.TestReader(io.NewSectionReader(src, 0, src.Size), []byte(content.String())); err != nil {
		t.Error(err)
	}
	b := make([]byte, 20)
	for _, off := range []int64{src.Size - 7, 3, 400_000, 0, src.Size} {
		n, err := src.ReadAt(b, off)
		if want := content.String()[off:min(off+20, src.Size)]; string(b[:n]) != want || (n < len(b)) != errors.Is(err, io.EOF) {
			t.Errorf("at %d: %q, %v; want %q", off, b[:n], err, want)
		}
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if _, err := src.ReadAt(b, 0); err == nil {
		t.Errorf("closed, it answers with %v", err)
	}
}
