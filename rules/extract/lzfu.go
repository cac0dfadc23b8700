package extract

import "encoding/binary"

// lzfuStart is what the history of compressed RTF begins with ([MS-OXRTFCP]
// section 2.1.2.1).
const lzfuStart = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript " +
	"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par " +
	"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// inflateRTF undoes the compression of RTF in Outlook's properties, nil if b
// is none. What is cut off gives what there is.
func inflateRTF(b []byte) []byte {
	if len(b) < 16 {
		return nil
	}
	size := int(binary.LittleEndian.Uint32(b[4:]))
	switch string(b[8:12]) {
	case "MELA":
		return b[16:]
	case "LZFu":
	default:
		return nil
	}
	var window [4096]byte
	at := copy(window[:], lzfuStart)
	b = b[16:]
	out := make([]byte, 0, min(size, 16*len(b)))
	put := func(c byte) {
		out = append(out, c)
		window[at] = c
		at = (at + 1) % len(window)
	}
	for len(b) > 0 {
		flags := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(b) > 0; bit++ {
			if flags>>bit&1 == 0 {
				put(b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return out
			}
			v := int(binary.BigEndian.Uint16(b))
			b = b[2:]
			from := v >> 4
			if from == at {
				return out
			}
			for n := v&15 + 2; n > 0; n-- {
				put(window[from%len(window)])
				from++
			}
		}
	}
	return out
}
