package upstream

import (
	"fmt"
	"strings"
)

// CheckPath refuses what would let a path leave its angle brackets or its
// command line: control characters, angle brackets, a space outside quotes,
// an open quote. go-smtp once let a quoted recipient be swapped that way. The
// error wraps ErrArgument.
func CheckPath(path string) error {
	quoted := false
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case isControl(c) || c == '<' || c == '>':
			return fmt.Errorf("%w: path has a control character or an angle bracket", ErrArgument)
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++ // the pair's second octet is judged as a control character only
			if i < len(path) && (isControl(path[i]) || path[i] == '<' || path[i] == '>') {
				return fmt.Errorf("%w: path has a control character or an angle bracket", ErrArgument)
			}
		case c == ' ' && !quoted:
			return fmt.Errorf("%w: path has a space outside quotes", ErrArgument)
		}
	}
	if quoted {
		return fmt.Errorf("%w: path has an open quote", ErrArgument)
	}
	return nil
}

// checkWord refuses what is not one word on a command line.
func checkWord(word string) error {
	if word == "" {
		return fmt.Errorf("%w: empty", ErrArgument)
	}
	for i := 0; i < len(word); i++ {
		if isControl(word[i]) || word[i] == ' ' {
			return fmt.Errorf("%w: has a space or a control character", ErrArgument)
		}
	}
	return nil
}

func isControl(c byte) bool { return c < ' ' || c == 0x7f }

// envelopeLine builds "MAIL FROM:<path> PARAMS" or "RCPT TO:<path> PARAMS".
func envelopeLine(verb, path string, params []string) (string, error) {
	if err := CheckPath(path); err != nil {
		return "", err
	}
	var line strings.Builder
	line.WriteString(verb + ":<" + path + ">")
	for _, param := range params {
		if err := checkWord(param); err != nil {
			return "", err
		}
		line.WriteString(" " + param)
	}
	return line.String(), nil
}

// isBinary reports whether the parameters of MAIL declare BODY=BINARYMIME,
// which DATA cannot carry (RFC 3030 section 3).
func isBinary(params []string) bool {
	for _, param := range params {
		if strings.EqualFold(param, "BODY=BINARYMIME") {
			return true
		}
	}
	return false
}
