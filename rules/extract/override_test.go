package extract

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// TestOverridesAreTurnedWhole: text that is shown backwards is read forwards,
// however it is read and wherever a read ends.
func TestOverridesAreTurnedWhole(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 40 {
		var text, want strings.Builder
		for range 1 + random.IntN(6) {
			plain := strings.Repeat("some words, ", random.IntN(2000))
			turned := []byte(strings.Repeat("anna@mail.example é ", 1+random.IntN(500)))
			want.WriteString(plain + string(turned))
			reverse(turned)
			text.WriteString(plain + override + string(turned))
			end := []string{endOverride, "\n", "\r\n"}[random.IntN(3)]
			text.WriteString(end)
			want.WriteString(strings.TrimPrefix(end, endOverride))
		}
		for name, r := range map[string]io.Reader{
			"at once":              strings.NewReader(text.String()),
			"a byte at a time":     iotest.OneByteReader(strings.NewReader(text.String())),
			"by halves of a read":  iotest.HalfReader(strings.NewReader(text.String())),
			"with the end at once": iotest.DataErrReader(strings.NewReader(text.String())),
		} {
			var got bytes.Buffer
			room := make([]byte, 1+random.IntN(40<<10))
			if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, newFolded(r), room); err != nil {
				t.Fatal(err)
			}
			if got.String() != want.String() {
				at := 0
				for at < got.Len() && at < want.Len() && got.Bytes()[at] == want.String()[at] {
					at++
				}
				t.Fatalf("%s, into %d bytes: %d bytes of %d are right, of a text of %d", name, len(room), at, want.Len(), text.Len())
			}
		}
	}
}
