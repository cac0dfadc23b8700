package configs

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes: 4096, "64 KiB", "50 MiB", "1 GiB".
type Size int64

// units are the suffixes of a Size, the longer first.
var units = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}}

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	word, factor := strings.TrimSpace(string(text)), int64(1)
	for _, u := range units {
		if rest, found := strings.CutSuffix(word, u.suffix); found {
			word, factor = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/factor {
		return fmt.Errorf("%q is not a size: want a number of bytes, or one such as \"64 KiB\", \"50 MiB\", \"1 GiB\"", text)
	}
	*s = Size(n * factor)
	return nil
}

// String writes the size in the largest unit that divides it.
func (s Size) String() string {
	for _, u := range []int{2, 1, 0} {
		if n := int64(s); n != 0 && n%units[u].bytes == 0 {
			return fmt.Sprintf("%d %s", n/units[u].bytes, units[u].suffix)
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// MarshalText writes what String does.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Period is a long time, in nanoseconds: "30d", "12h", "90m"; "never" is
// [Never].
type Period int64

// Day is 24 hours.
const Day = Period(24 * time.Hour)

// Never is a period without an end.
const Never = Period(-1)

// UnmarshalText reads a period.
func (p *Period) UnmarshalText(text []byte) error {
	word := strings.TrimSpace(string(text))
	if word == "never" {
		*p = Never
		return nil
	}
	wrong := fmt.Errorf("%q is not a period: want one such as 30d, 12h, or never", text)
	if days, found := strings.CutSuffix(word, "d"); found {
		n, err := strconv.ParseInt(days, 10, 64)
		if err != nil || n <= 0 || n > 36500 {
			return wrong
		}
		*p = Period(n) * Day
		return nil
	}
	d, err := time.ParseDuration(word)
	if err != nil || d <= 0 {
		return wrong
	}
	*p = Period(d)
	return nil
}

// String writes the period in days where it is whole days.
func (p Period) String() string {
	switch {
	case p < 0:
		return "never"
	case p%Day == 0:
		return fmt.Sprintf("%dd", p/Day)
	}
	return time.Duration(p).String()
}

// MarshalText writes what String does.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Secret is a value that is never printed. In YAML it is the value itself, or
// ${file:/path} to read it from a file, whose last line end is left out.
type Secret string

// UnmarshalText reads a secret, from its file if it names one.
func (s *Secret) UnmarshalText(text []byte) error {
	path, found := strings.CutPrefix(string(text), "${file:")
	if !found {
		*s = Secret(text)
		return nil
	}
	content, err := os.ReadFile(strings.TrimSuffix(path, "}"))
	if err != nil {
		return fmt.Errorf("reading the secret's file: %w", err)
	}
	*s = Secret(strings.TrimRight(string(content), "\r\n"))
	return nil
}

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
