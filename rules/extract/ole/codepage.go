package ole

import (
	"golang.org/x/text/encoding"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/codepage"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
)

// decoder turns text of a code page into UTF-8.
type decoder struct {
	page int
	dec  *encoding.Decoder
}

// decode returns the decoder of a code page; Windows' western one if it is not known.
func decode(page int) *decoder {
	return &decoder{page: page, dec: codepage.Lookup(page).NewDecoder()}
}

// append adds the text as UTF-8.
func (d *decoder) append(dst, text []byte) []byte {
	ascii := true
	for _, c := range text {
		if c >= 0x80 {
			ascii = false
			break
		}
	}
	switch {
	case d.page == 1200:
		return sheet.AppendUTF16(dst, text)
	case ascii && d.page < 50000:
		return append(dst, text...)
	}
	out, err := d.dec.Bytes(text)
	if err != nil {
		return append(dst, text...)
	}
	return append(dst, out...)
}
