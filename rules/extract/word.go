package extract

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
)

// decodeWords decodes the encoded words (RFC 2047) of a header value. Words
// that were split only for the length of the line are joined; between short
// ones, which some mail program made of separate things, a tab keeps them
// apart.
func decodeWords(s string) string { return decodeWordsBy(guess, s) }

// decodeWordsBy is decodeWords with a guesser of the caller's.
func decodeWordsBy(guess guesser, s string) string {
	if !strings.Contains(s, "=?") {
		return decodeBytesBy(guess, "", []byte(s))
	}
	// No word begins behind the last end of one: each that did would look for
	// its end through all the rest.
	rest := ""
	if n := strings.LastIndex(s, "?="); n >= 0 {
		s, rest = s[:n+2], s[n+2:]
	}
	var b strings.Builder
	lastEnd, lastLong := -1, false
	for s != "" {
		start := strings.Index(s, "=?")
		if start < 0 {
			break
		}
		text, size := decodeWord(guess, s[start:])
		if size == 0 {
			b.WriteString(s[:start+2])
			s, lastEnd = s[start+2:], -1
			continue
		}
		if gap := s[:start]; lastEnd < 0 || strings.TrimSpace(gap) != "" {
			b.WriteString(decodeBytesBy(guess, "", []byte(gap)))
		} else if !lastLong {
			b.WriteByte('\t')
		}
		b.WriteString(text)
		s, lastEnd, lastLong = s[start+size:], start+size, size >= longWord
	}
	b.WriteString(decodeBytesBy(guess, "", []byte(s+rest)))
	return b.String()
}

// longWord is the size from which an encoded word was split for its length:
// RFC 2047 allows 75, and encoders stop a little before.
const longWord = 64

// decodeWord decodes the encoded word at the beginning of s and returns its
// size, 0 if there is none.
func decodeWord(guess guesser, s string) (string, int) {
	label, rest, ok := strings.Cut(s[2:], "?")
	if !ok || len(rest) < 2 || rest[1] != '?' || len(label) > 60 {
		return "", 0
	}
	body, _, ok := strings.Cut(rest[2:], "?=")
	if !ok {
		return "", 0
	}
	size := 2 + len(label) + 1 + 2 + len(body) + 2
	label, _, _ = strings.Cut(label, "*") // RFC 2231 language suffix
	var raw []byte
	switch rest[0] {
	case 'b', 'B':
		raw, _ = io.ReadAll(newBase64(strings.NewReader(body)))
	case 'q', 'Q':
		q := strings.ReplaceAll(body, "_", " ")
		raw, _ = io.ReadAll(newQuoted(strings.NewReader(q)))
	default:
		return "", 0
	}
	return decodeBytesBy(guess, label, raw), size
}

// bareBase64 decodes a value without line structure, such as a data URI's.
func bareBase64(s []byte) []byte {
	s = bytes.TrimRight(s, "=")
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(s))+3)
	n, _ := io.ReadFull(newBase64(bytes.NewReader(s)), out)
	return out[:n]
}
