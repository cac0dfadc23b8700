package extract

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// keeper is a sink that knows leaves from other messages.
type keeper struct {
	leaves map[[32]byte]kept
	known  int
	all    *bytes.Buffer // of the message
	at     *bytes.Buffer // of the leaf that is read
}

type kept struct {
	found   string
	reading Reading
}

func (k *keeper) write(read func(*record) error) error {
	var r record
	err := read(&r)
	to := k.all
	if k.at != nil {
		to = k.at
	}
	fmt.Fprintln(to, r.parts, r.text.String(), r.grids.String())
	return err
}

func (k *keeper) Text(p Part, t io.Reader) error {
	return k.write(func(r *record) error { return r.Text(p, t) })
}

func (k *keeper) Table(p Part, g table.Grid) error {
	return k.write(func(r *record) error { return r.Table(p, g) })
}

func (k *keeper) Leaf(l Leaf, read func() (Reading, error)) (Reading, error) {
	h := sha256.New()
	io.Copy(h, io.NewSectionReader(l.Encoded, 0, l.Encoded.Size))
	io.WriteString(h, l.Context)
	key := [32]byte(h.Sum(nil))
	if leaf, known := k.leaves[key]; known && l.Fits(leaf.reading) {
		k.known++
		k.all.WriteString(leaf.found)
		return leaf.reading, nil
	}
	k.at = &bytes.Buffer{}
	r, err := read()
	found := k.at.String()
	k.at = nil
	k.all.WriteString(found)
	if err == nil && r.Whole() && k.leaves != nil {
		k.leaves[key] = kept{found, r}
	}
	return r, err
}

// walk reads a message and tells all that was found.
func (k *keeper) walk(t *testing.T, message string, lim Limits) string {
	t.Helper()
	k.all = &bytes.Buffer{}
	sum, err := New().Message(context.Background(), memory([]byte(message)), lim, k)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s\n%+v", k.all, sum)
}

// TestKnownLeavesAreReadTheSame: in whatever order messages come, what is
// found is what reading each for itself finds; passwords in a text that is
// known open an archive that is not.
func TestKnownLeavesAreReadTheSame(t *testing.T) {
	long := strings.Repeat("Words of a letter that is long enough to be kept.\n", 40)
	list := strings.Repeat("anna,baker,anna@inbox.example\n", 60)
	mail := func(parts ...string) string {
		var b strings.Builder
		b.WriteString("Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut\r\n")
		for _, p := range parts {
			b.WriteString("\r\n--cut\r\n")
			if strings.HasPrefix(p, "PK") {
				b.WriteString("Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(p)))
			} else {
				b.WriteString("\r\n" + p)
			}
		}
		return b.String() + "\r\n--cut--\r\n"
	}
	one, two := "The password: sesame7\n"+long, "The password: melon\n"+long
	locked := string(encryptedZip(t, "sesame7", list))
	open := string(zipOf(t, "a.csv", list, "b.csv", list+"more\n"))
	messages := []string{
		mail(one, locked), mail(two, locked), mail(one, locked), mail(long, locked), mail(two, one, locked), mail(locked, one),
		mail(one, two), mail(open, list), mail(long, open), mail(list, open, locked, open), mail(open + "x"), mail(one, one, one, locked),
		mail(mail(one, locked)),
	}
	tight := DefaultLimits()
	tight.Parts, tight.Cells, tight.Bytes = 9, 400, 20<<10
	for name, lim := range map[string]Limits{"usual": DefaultLimits(), "tight": tight} {
		k := &keeper{leaves: map[[32]byte]kept{}}
		for i := range 3 * len(messages) {
			m := messages[i*7%len(messages)]
			if got, want := k.walk(t, m, lim), (&keeper{}).walk(t, m, lim); got != want {
				t.Fatalf("%s bounds, message %d:\n%.3000s\nalone:\n%.3000s", name, i*7%len(messages), got, want)
			}
		}
		if k.known < 20 {
			t.Errorf("%s bounds: only %d leaves were known", name, k.known)
		}
	}
	k := &keeper{leaves: map[[32]byte]kept{}}
	k.walk(t, mail(one), DefaultLimits())
	if got := k.walk(t, mail(one, locked), DefaultLimits()); k.known != 1 || !strings.Contains(got, "anna@inbox.example") {
		t.Error("the password of a known text did not open the archive")
	}
}
