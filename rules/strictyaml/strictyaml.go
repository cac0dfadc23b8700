// Package strictyaml reads the YAML that people write: an unknown or repeated key
// is an error, and so is a text that the parser falls over.
package strictyaml

import (
	"errors"

	"github.com/goccy/go-yaml"
)

// ErrParser is why a text cannot be read that the YAML parser panics on, such as
// one with a tag that it does not know before a number. A running relay reads
// files that change, so that it must not end by them.
var ErrParser = errors.New("not YAML that can be read: look for a tag (!) or an anchor (&, *) that does not belong there")

// Decode reads a text into a value, strictly. The error is one of go-yaml's, with
// its place, or [ErrParser].
func Decode(text []byte, into any) error {
	return Guard(func() error { return yaml.UnmarshalWithOptions(text, into, yaml.Strict()) })
}

// Guard runs what reads YAML, and makes a panic of the parser [ErrParser]. It must
// not hold a lock.
func Guard(read func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = ErrParser
		}
	}()
	return read()
}
