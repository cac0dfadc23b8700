package simulation

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What can fail.
const (
	FailRelay    = "relay"    // one is killed, and its machine comes back
	FailPostgres = "postgres" // is restarted
	FailS3       = "s3"       // does not answer
	FailUpstream = "upstream" // is slow
)

// Failure is something that goes wrong. The first is at At; with Every there are
// more, until the mail ends.
type Failure struct {
	What  string
	At    time.Duration
	For   time.Duration
	Every time.Duration // 0: once
	// Slower is by how much the upstream takes longer.
	Slower float64
}

// Usage is how a failure is written.
const Usage = "relay:at=1m,every=30s,for=20s, postgres:at=20m,for=30s, s3:at=30m,for=1m or upstream:at=40m,for=5m,slower=50"

// UnmarshalText reads what is written as in [Usage].
func (f *Failure) UnmarshalText(written []byte) error {
	text := string(written)
	what, rest, _ := strings.Cut(text, ":")
	*f = Failure{What: what, Slower: 10}
	switch what {
	case FailRelay, FailPostgres, FailS3, FailUpstream:
	default:
		return fmt.Errorf("%q: nothing of that name fails; say %s", text, Usage)
	}
	for pair := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(pair, "=")
		var err error
		switch key {
		case "at":
			f.At, err = time.ParseDuration(value)
		case "for":
			f.For, err = time.ParseDuration(value)
		case "every":
			f.Every, err = time.ParseDuration(value)
		case "slower":
			f.Slower, err = strconv.ParseFloat(value, 64)
		default:
			err = fmt.Errorf("%q is not known", key)
		}
		if err != nil {
			return fmt.Errorf("%q: %w; say %s", text, err, Usage)
		}
	}
	switch {
	case f.For <= 0:
		return fmt.Errorf("%q: for how long is missing; say %s", text, Usage)
	case f.At < 0 || f.Every < 0 || !(f.Slower >= 1): // nor NaN
		return fmt.Errorf("%q: times are from 0 on, and slower from 1; say %s", text, Usage)
	case f.Every > 0 && f.Every < f.For && what != FailRelay:
		return fmt.Errorf("%q: it would fail again before it is back", text)
	}
	return nil
}

// String writes a failure as [Failure.UnmarshalText] reads it.
func (f Failure) String() string {
	text := fmt.Sprintf("%s:at=%v,for=%v", f.What, f.At, f.For)
	if f.Every > 0 {
		text += fmt.Sprintf(",every=%v", f.Every)
	}
	if f.What == FailUpstream {
		text += fmt.Sprintf(",slower=%v", f.Slower)
	}
	return text
}
