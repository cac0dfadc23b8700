package pdf

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// known tells whether an error is one that Read promises.
func known(err error) bool {
	for _, e := range []error{document.ErrEncrypted, document.ErrDamaged, document.ErrUnsupported,
		document.ErrTooBig, document.ErrTooMany, document.ErrTooDeep, document.ErrRatio} {
		if errors.Is(err, e) {
			return true
		}
	}
	return err == nil
}

// Whatever the bytes are, Read ends within its bounds, gives UTF-8 and returns
// one of the promised errors.
func FuzzRead(f *testing.F) {
	for _, b := range load(f, "*.pdf") {
		f.Add(b)
	}
	f.Add(tablePages(30, 10))
	f.Add(onePage("BT /F 10 Tf 12 TL 50 700 Td [(Ada) -300 (F)] TJ (x) ' /X Do BI ID x EI ET", "/Annots 6 0 R", "/AcroForm 6 0 R"))
	lim := document.Limits{Bytes: 8 << 20, Ratio: 200, Cells: 10_000, Pages: 20, Depth: 12}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := &sink{}
		if err := Read(context.Background(), bytes.NewReader(b), int64(len(b)), lim, got); !known(err) {
			t.Errorf("error %v", err)
		}
		if !utf8.ValidString(got.all()) {
			t.Error("text is not UTF-8")
		}
		cells := 0
		for _, rows := range got.tables {
			for _, row := range rows {
				cells += len(row)
			}
		}
		if int64(cells) > lim.Cells {
			t.Errorf("%d cells", cells)
		}
	})
}

// A content stream is where hostile bytes reach most code.
func FuzzContent(f *testing.F) {
	f.Add([]byte(drawn("Ada |Northwick\nBruno |Eastmere\n--\nCleo |Southold")))
	f.Add([]byte("BT /F 10 Tf 1e9 Tc 0 0 0 0 0 0 Tm (a) Tj -1e38 Tz [(b) 1e300] TJ ET q Q Q BI ID EI"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := read(t, onePage(string(b), "", ""), limits())
		if !known(err) {
			t.Errorf("error %v", err)
		}
		if !utf8.ValidString(got.all()) {
			t.Error("text is not UTF-8")
		}
	})
}
