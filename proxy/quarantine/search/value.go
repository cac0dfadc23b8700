package search

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// read makes a term of a key and its value, or tells why there is none. Without
// a key the value says itself what it is.
func read(key, value string) (e Expr, why string) {
	if key == "" {
		return guess(value)
	}
	d, ok := docOf(Key(strings.ToLower(key)))
	if !ok {
		return nil, unknownKey(key)
	}
	t := Term{Key: d.Key, Op: Is}
	if d.Kind == Count || d.Kind == Size || d.Kind == Age {
		t.Op, value = operator(value)
	}
	if value == "" {
		return nil, fmt.Sprintf("%s: has no value; write it as %s", d.Key, d.Example)
	}
	if why := t.set(&d, value); why != "" {
		return nil, fmt.Sprintf("%s:%s: %s; write it as %s", d.Key, short(value), why, d.Example)
	}
	return t, ""
}

// guess takes ids and addresses without a key.
func guess(value string) (Expr, string) {
	upper := strings.ToUpper(value)
	switch {
	case strings.HasPrefix(upper, "BH-") || strings.HasPrefix(upper, "IN-"):
		return Term{Key: ID, Op: Is, Word: upper}, ""
	case strings.Contains(value, "@"):
		from, why := read(string(From), value)
		if why != "" {
			return nil, why
		}
		return Or{from, Term{Key: To, Op: Is, Word: value}}, ""
	}
	return nil, fmt.Sprintf("say what %q is, as policy:%s or field:%s; content is not searchable", short(value), short(value), short(value))
}

// short keeps an error readable.
func short(value string) string {
	const most = 40
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return value
}

func operator(value string) (Op, string) {
	for _, op := range []Op{AtLeast, AtMost, Greater, Less, Is} {
		if rest, ok := strings.CutPrefix(value, string(op)); ok {
			return op, rest
		}
	}
	return Is, value
}

// set reads the value of a term, or tells what is wrong with it.
func (t *Term) set(d *Doc, value string) (why string) {
	ok := true
	switch d.Kind {
	case Address:
		t.Word = value
		if at := strings.LastIndexByte(value, '@'); at == len(value)-1 {
			return "not an address, nor a domain"
		}
	case Count:
		t.Number, ok = number(value)
		why = "not a number"
	case Size:
		t.Number, ok = size(value)
		why = "not a size"
	case Age:
		t.Age, ok = age(value)
		why = "not an age"
	case Time:
		t.Time, ok = moment(value)
		why = "not a time"
	default:
		t.Word = value
		if len(d.Words) == 0 {
			return ""
		}
		t.Word = strings.ToLower(value)
		if !slices.Contains(d.Words, t.Word) {
			return fmt.Sprintf("did you mean %s? There are %s", nearest(t.Word, d.Words), strings.Join(d.Words, ", "))
		}
	}
	if ok {
		return ""
	}
	return why
}

func number(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err == nil
}

// size reads bytes with a unit: 5M, 5MB and 5MiB are the same.
func size(s string) (int64, bool) {
	digits := strings.TrimRight(s, "kKmMgGtTiIbB")
	n, ok := number(digits)
	if !ok {
		return 0, false
	}
	unit := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(s[len(digits):]), "B"), "I")
	power := strings.Index(" KMGT", unit)
	if unit == "" {
		power = 0
	}
	if power < 0 || len(unit) > 1 || n > math.MaxInt64>>(10*power) {
		return 0, false
	}
	return n << (10 * power), true
}

// maxAge bounds ages to what a time can be put back by.
const maxAge = 200 * 365 * 24 * time.Hour

// age reads a time as Go writes it, or with days and weeks: 90m, 1h30m, 3d, 2w.
func age(s string) (time.Duration, bool) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if digits, ok := strings.CutSuffix(s, suffix); ok {
			n, ok := number(digits)
			if !ok || n > int64(maxAge/unit) {
				return 0, false
			}
			return time.Duration(n) * unit, true
		}
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d >= 0 && d <= maxAge
}

// moment reads a time; without an offset it is in UTC.
func moment(s string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			t = t.UTC()
			// Years that RFC 3339 can write.
			return t, t.Year() >= 1 && t.Year() <= 9999
		}
	}
	return time.Time{}, false
}
