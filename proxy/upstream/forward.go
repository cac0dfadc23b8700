package upstream

import (
	"fmt"
	"slices"
	"strings"
)

// Attribute is one of what XFORWARD tells of where a message comes from, such as
// ADDR (Postfix's XFORWARD_README). An empty value says that it is not known.
type Attribute struct{ Name, Value string }

// Bounds on XFORWARD: of a value as it is written, and of a line with its CRLF.
const (
	longestAttribute = 255
	longestForward   = 512
)

// Forward notes where the message of the next transaction comes from. It goes out
// with Mail, if the upstream offers XFORWARD, which Postfix does to those that it
// trusts with its log; of the attributes, those that are offered. What the upstream
// says to it changes nothing.
func (c *conn) Forward(attributes []Attribute) { c.forward = attributes }

// forwardLines are the XFORWARD commands for the next transaction.
func (c *conn) forwardLines() []string {
	if len(c.forward) == 0 {
		return nil
	}
	offered := strings.Fields(strings.ToUpper(c.link.extensions["XFORWARD"]))
	const verb = "XFORWARD"
	var lines []string
	line := verb
	for _, a := range c.forward {
		if !slices.Contains(offered, a.Name) {
			continue
		}
		word := " " + a.Name + "=" + xtext(a.Value)
		if len(line)+len(word)+len("\r\n") > longestForward {
			lines, line = append(lines, line), verb
		}
		line += word
	}
	if line != verb {
		lines = append(lines, line)
	}
	return lines
}

// xtext encodes a value (RFC 3461 section 4), or says that there is none that can
// be told.
func xtext(value string) string {
	coded := func(c byte) bool { return c <= ' ' || c >= 0x7f || c == '+' || c == '=' }
	for i := 0; i < len(value); i++ {
		if coded(value[i]) {
			value = value[:i] + fmt.Sprintf("+%02X", value[i]) + value[i+1:]
			i += len("+XX") - 1
		}
	}
	if value == "" || len(value) > longestAttribute {
		return "[UNAVAILABLE]"
	}
	return value
}
