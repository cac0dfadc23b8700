package extract

import "strings"

// xxAlphabet is that of xxencode, which is uuencode for machines that had no
// punctuation to spare.
const xxAlphabet = "+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// xxLine decodes one line, nil if it is none.
func xxLine(line []byte) []byte {
	if len(line) == 0 {
		return nil
	}
	size := strings.IndexByte(xxAlphabet, line[0])
	if size < 0 || len(line)-1 > (size+2)/3*4+2 || len(line)-1 < (size*4+2)/3 {
		return nil
	}
	out := make([]byte, 0, size+3)
	for i := 1; len(out) < size; i += 4 {
		var v uint32
		for k := range 4 {
			d := 0
			if i+k < len(line) {
				d = strings.IndexByte(xxAlphabet, line[i+k])
			}
			if d < 0 {
				return nil
			}
			v = v<<6 | uint32(d)
		}
		out = append(out, byte(v>>16), byte(v>>8), byte(v))
	}
	return out[:size]
}
