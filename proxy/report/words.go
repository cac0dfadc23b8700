package report

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// number writes a number with its thousands apart, as people read it.
func number[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

func count[T int | int64](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

func copies(n int) string     { return count(n, "copy", "copies") }
func recipients(n int) string { return count(n, "recipient", "recipients") }

// upper begins a sentence.
func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// when writes a time in the reader's zone.
func (r *Record) when(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return t.In(r.zone).Format("2 January 2006, 15:04 MST")
}

// moment is when in little room, for tables.
func (r *Record) moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(r.zone).Format("2006-01-02 15:04:05")
}

// span writes a length of time in days, hours and minutes.
func span(d time.Duration) string {
	d = d.Abs().Round(time.Minute)
	days, hours, minutes := int(d/(24*time.Hour)), int(d/time.Hour)%24, int(d/time.Minute)%60
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{{days, "day", "days"}, {hours, "hour", "hours"}, {minutes, "minute", "minutes"}} {
		if p.n > 0 && len(parts) < 2 {
			parts = append(parts, count(p.n, p.one, p.many))
		}
	}
	if len(parts) == 0 {
		return "less than a minute"
	}
	return strings.Join(parts, " ")
}
