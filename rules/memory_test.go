package rules_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// multipart makes a message of a text and attachments.
func multipart(to, text string, files ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: ana@sender.example\r\nTo: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n%s\r\n",
		to, strings.ReplaceAll(text, "\n", "\r\n"))
	for i, file := range files {
		fmt.Fprintf(&b, "--x\r\nContent-Type: application/octet-stream; name=file%d\r\nContent-Transfer-Encoding: base64\r\n\r\n", i)
		encoded := base64.StdEncoding.EncodeToString([]byte(file))
		for ; len(encoded) > 76; encoded = encoded[76:] {
			b.WriteString(encoded[:76] + "\r\n")
		}
		b.WriteString(encoded + "\r\n")
	}
	b.WriteString("--x--\r\n")
	return b.String()
}

func inspectWith(ctx context.Context, in *rules.Inspector, message string, limits extract.Limits) (*rules.Evidence, error) {
	return in.Inspect(ctx, extract.Source{ReaderAt: strings.NewReader(message), Size: int64(len(message))}, limits)
}

// told is what evidence says, for comparison.
func told(t *testing.T, ev *rules.Evidence) string {
	t.Helper()
	v := decide(t, defaultPolicies(t), envelope, ev)
	return fmt.Sprintf("%+v\n%+v\n%+v\n%v %d %d %v %d\n%x %v\n%+v", ev.Findings, ev.Parts, ev.Unread, ev.Completeness, ev.Records,
		ev.LargestTable, ev.BodyIsTable, ev.Bytes, ev.Fingerprint(), *ev.Sketch(), v)
}

// TestMemoryMakesNoDifference but for the time: in whatever order messages
// come, evidence is that of reading each for itself.
func TestMemoryMakesNoDifference(t *testing.T) {
	in, err := inspector()
	if err != nil {
		t.Fatal(err)
	}
	letter := prose(3000)
	list := table(40)
	tail := "customer_id,full_name,email,phone\n" + strings.SplitAfterN(table(60), "\n", 22)[21] // people 20 to 59
	messages := []string{
		multipart("ben@reader.example", letter, list),
		multipart("eve@reader.example", letter, list), // a copy to another reader
		multipart("alice.baker0@post.example", "Dear Alice,\n"+letter, list, tail),
		multipart("ben@reader.example", letter, tail, list),
		multipart("ben@reader.example", list, list),
		multipart("ben@reader.example", "short", list[:500], "\x00\x01\x02"+strings.Repeat("\xfe\x80\x01", 900)),
		multipart("ben@reader.example", letter, letter, tail, multipart("x@y.example", letter, list)),
		plain(list), plain(letter + "\n\n" + list), plain(letter),
	}
	want := make([]string, len(messages))
	for i, m := range messages {
		ev, err := inspectWith(t.Context(), in, m, extract.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		want[i] = told(t, ev)
	}
	for round := range 4 {
		memory := rules.NewMemory(16 << 20)
		for k := range 2 * len(messages) {
			i := (k*(2*round+1) + round) % len(messages)
			ev, err := inspectWith(t.Context(), in.WithMemory(memory), messages[i], extract.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			if got := told(t, ev); got != want[i] {
				t.Fatalf("message %d with a memory:\n%s\nwithout:\n%s", i, got, want[i])
			}
		}
		if s := memory.Stats(); s.Known == 0 || s.Read == 0 {
			t.Errorf("nothing was known, or nothing read: %+v", s)
		}
	}
}

// TestPartsCountTogether: people of several parts are people of one message.
func TestPartsCountTogether(t *testing.T) {
	tail := "customer_id,full_name,email,phone\n" + strings.SplitAfterN(table(60), "\n", 32)[31] // people 30 to 59
	for _, c := range []struct {
		name  string
		files []string
		want  int64
	}{
		{"one", []string{table(40)}, 40},
		{"the same twice", []string{table(40), table(40)}, 40},
		{"overlapping", []string{table(40), tail}, 60},
		{"overlapping, the other way", []string{tail, table(40)}, 60},
	} {
		x := decide(t, defaultPolicies(t), envelope, inspect(t, multipart("ben@reader.example", "Here.", c.files...))).Exposure
		if x.Subjects != c.want || x.Contacts != 2*c.want {
			t.Errorf("%s: %d people, %d contacts; want %d, %d", c.name, x.Subjects, x.Contacts, c.want, 2*c.want)
		}
	}
}

// TestMemoryReadsAPartOnce, however many bring it at the same time.
func TestMemoryReadsAPartOnce(t *testing.T) {
	in, err := inspector()
	if err != nil {
		t.Fatal(err)
	}
	memory := rules.NewMemory(64 << 20)
	in = in.WithMemory(memory)
	want := inspect(t, plain(table(500))).Fingerprint()
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			m := strings.Replace(plain(table(500)), "hello", fmt.Sprint("hello ", i), 1)
			ev, err := inspectWith(t.Context(), in, m, extract.DefaultLimits())
			if err != nil || ev.Fingerprint() != want {
				t.Errorf("error %v, or other evidence", err)
			}
		})
	}
	wg.Wait()
	if s := memory.Stats(); s.Read != 1 || s.Known != 15 {
		t.Errorf("%d times read and %d times known, want 1 and 15", s.Read, s.Known)
	}
}

// TestMemoryKeepsWhatIsWhole: what a bound or a client that left cut off is
// read again by the next.
func TestMemoryKeepsWhatIsWhole(t *testing.T) {
	in, err := inspector()
	if err != nil {
		t.Fatal(err)
	}
	memory := rules.NewMemory(64 << 20)
	in = in.WithMemory(memory)
	message := plain(table(2000))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := inspectWith(gone, in, message, extract.DefaultLimits()); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want the context's", err)
	}
	tight := extract.DefaultLimits()
	tight.PartBytes = 20 << 10
	for range 3 {
		ev, err := inspectWith(t.Context(), in, message, tight)
		if err != nil || ev.Completeness == rules.Complete {
			t.Fatalf("error %v, or complete past a bound", err)
		}
	}
	if s := memory.Stats(); s.Known != 0 {
		t.Errorf("a part that was cut off was taken for known: %+v", s)
	}
	for range 2 {
		ev, err := inspectWith(t.Context(), in, message, extract.DefaultLimits())
		if err != nil || ev.Completeness != rules.Complete {
			t.Fatalf("error %v, or not complete", err)
		}
	}
	if s := memory.Stats(); s.Known != 1 {
		t.Errorf("a whole part was known %d times, want once", s.Known)
	}
}

// TestMemoryIsBounded: it forgets what was not used for longest.
func TestMemoryIsBounded(t *testing.T) {
	in, err := inspector()
	if err != nil {
		t.Fatal(err)
	}
	const bound = 256 << 10
	memory := rules.NewMemory(bound)
	in = in.WithMemory(memory)
	for i := range 60 {
		for _, m := range []string{plain(table(50)), plain(fmt.Sprint("number ", i, "\n") + prose(2000) + table(30+i))} {
			if _, err := inspectWith(t.Context(), in, m, extract.DefaultLimits()); err != nil {
				t.Fatal(err)
			}
		}
		if s := memory.Stats(); s.Bytes > bound {
			t.Fatalf("%d bytes in use, bound %d", s.Bytes, bound)
		}
	}
	if s := memory.Stats(); s.Known != 59 || s.Parts >= 60 {
		t.Errorf("known %d times, %d parts kept; want the part in use known 59 times, and the others forgotten", s.Known, s.Parts)
	}
}

// TestLeavesNameParts: equal parts have equal hashes, and pictures are told.
func TestLeavesNameParts(t *testing.T) {
	in, err := inspector()
	if err != nil {
		t.Fatal(err)
	}
	in = in.WithMemory(rules.NewMemory(1 << 20))
	r := rand.New(rand.NewPCG(1, 2))
	picture := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range picture.Pix {
		picture.Pix[i] = byte(r.Uint32())
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, picture); err != nil {
		t.Fatal(err)
	}
	a, err := inspectWith(t.Context(), in, multipart("a@b.example", "one", table(30), encoded.String()), extract.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	b, err := inspectWith(t.Context(), in, multipart("c@d.example", "two", table(30), encoded.String()), extract.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a.Leaves, b.Leaves) || len(a.Leaves) != 2 || a.Leaves[0].Media || !a.Leaves[1].Media {
		t.Errorf("leaves %+v and %+v of %+v", a.Leaves, b.Leaves, a.Parts)
	}
}

// BenchmarkCopies measures the copies of one mailing with a memory against
// scanning each.
func BenchmarkCopies(b *testing.B) {
	in, err := inspector()
	if err != nil {
		b.Fatal(err)
	}
	p := defaultPolicies(b)
	list := csvRows(incidentRows(20_000))
	for _, c := range []struct {
		name, message string
	}{
		{"body-3.4MB", plain("") + list},
		{"csv-attachment-4.6MB", multipart("ben@reader.example", "Dear Ben,\nhere is the file.", list)},
		{"newsletter-200KB", plain(prose(200 << 10))},
	} {
		for _, with := range []string{"scan-each", "scan-once", "scan-once-allow-list"} {
			b.Run(c.name+"/"+with, func(b *testing.B) {
				in, p := in, p
				if with != "scan-each" {
					in = in.WithMemory(rules.NewMemory(64 << 20))
				}
				if with == "scan-once-allow-list" {
					p = p.WithAllowed(allowing(b, allowPerson(detect.ContactEmail, "press@office.example")))
				}
				b.ReportAllocs()
				b.SetBytes(int64(len(c.message)))
				for b.Loop() {
					ev, err := inspectWith(context.Background(), in, c.message, extract.DefaultLimits())
					if err != nil {
						b.Fatal(err)
					}
					if _, err := p.Decide(envelope, ev, rules.Recent{}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "copies/s")
			})
		}
	}
}
