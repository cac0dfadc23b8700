package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

func TestSizeIsReadWithAndWithoutUnits(t *testing.T) {
	for _, c := range []struct {
		text string
		want configs.Size
		bad  bool
	}{
		{text: "0"}, {text: "4096", want: 4096}, {text: "1 B", want: 1}, {text: "64 KiB", want: 64 << 10},
		{text: "64KiB", want: 64 << 10}, {text: " 50 MiB ", want: 50 << 20}, {text: "1 GiB", want: 1 << 30},
		{text: "", bad: true}, {text: "KiB", bad: true}, {text: "-1", bad: true}, {text: "1.5 MiB", bad: true},
		// Decimal units are refused, since people mean either by them.
		{text: "5 MB", bad: true}, {text: "5M", bad: true}, {text: "1e3", bad: true},
		{text: "9223372036854775807 KiB", bad: true}, {text: "99999999999999999999", bad: true},
	} {
		var got configs.Size
		err := got.UnmarshalText([]byte(c.text))
		if (err != nil) != c.bad || got != c.want {
			t.Errorf("%q is %d, %v; want %d, an error: %v", c.text, got, err, c.want, c.bad)
		}
	}
}

func TestSizeIsPrintedAsItIsRead(t *testing.T) {
	for size, want := range map[configs.Size]string{
		0: "0", 1: "1", 1000: "1000", 1 << 10: "1 KiB", 1536: "1536", 3 << 20: "3 MiB", 1 << 30: "1 GiB", 1 << 40: "1024 GiB",
	} {
		if got := size.String(); got != want {
			t.Errorf("%d prints as %q, want %q", int64(size), got, want)
		}
		var back configs.Size
		if err := back.UnmarshalText([]byte(size.String())); err != nil || back != size {
			t.Errorf("%q reads as %d, %v", size, back, err)
		}
	}
}

func TestSecretIsReadFromItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("open sesame\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, want string
		bad        bool
	}{
		{text: "plain", want: "plain"}, {text: ""}, {text: "$ign", want: "$ign"},
		{text: "${file:" + file + "}", want: "open sesame"},
		{text: "${file:" + file + ".missing}", bad: true},
	} {
		var got configs.Secret
		err := got.UnmarshalText([]byte(c.text))
		if (err != nil) != c.bad || string(got) != c.want {
			t.Errorf("%q is %q, %v; want %q, an error: %v", c.text, string(got), err, c.want, c.bad)
		}
	}
	if got := configs.Secret("x").String(); got != "(hidden)" {
		t.Errorf("a secret prints as %q", got)
	}
	if got := configs.Secret("").String(); got != "" {
		t.Errorf("no secret prints as %q, want nothing", got)
	}
}

func TestPeriodIsReadAndWritten(t *testing.T) {
	for _, c := range []struct {
		text, back string
		want       time.Duration
	}{
		{"30d", "30d", 30 * 24 * time.Hour}, {"24h", "1d", 24 * time.Hour}, {" 90m ", "1h30m0s", 90 * time.Minute}, {"never", "never", -1},
		{text: ""}, {text: "0d"}, {text: "-3d"}, {text: "0"}, {text: "3"}, {text: "1.5d"}, {text: "40000d"}, {text: "-1h"}, {text: "9999999999d"},
	} {
		var got configs.Period
		err := got.UnmarshalText([]byte(c.text))
		if c.want == 0 {
			if err == nil || !strings.Contains(err.Error(), "30d, 12h, or never") {
				t.Errorf("%q is %v, %v; want an error that says what would be right", c.text, got, err)
			}
			continue
		}
		if err != nil || time.Duration(got) != c.want || got.String() != c.back {
			t.Errorf("%q is %v (%q), %v; want %v (%q)", c.text, time.Duration(got), got, err, c.want, c.back)
		}
	}
}
