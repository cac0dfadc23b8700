package table

import "bytes"

// wikis reads the rows of a table in the markup of MediaWiki ("{|", "|-", "|}"):
// cells are parted by "||" or stand on lines of their own, headers by "!!".
type wikis struct {
	s       *splitter
	headers [][]byte
	ended   bool
}

// read implements what giveRecords asks for.
func (w *wikis) read(r *record) (bool, error) {
	var head [][]byte
	for !w.ended {
		if err := w.s.refill(); err != nil {
			return false, err
		}
		line, next, ok := w.s.src.peek(0)
		if !ok {
			break
		}
		w.s.pass(next)
		text := trim(unquote(line))
		switch {
		case bytes.HasPrefix(text, []byte("|}")):
			w.ended = true
		case bytes.HasPrefix(text, []byte("|-")):
			if w.header(head); len(r.fields) > 0 {
				return true, nil
			}
			head = nil
		case bytes.HasPrefix(text, []byte("{|")), bytes.HasPrefix(text, []byte("|+")), len(text) == 0:
		case text[0] == '!':
			for cell := range bytes.SplitSeq(bytes.ReplaceAll(text[1:], []byte("!!"), []byte("||")), []byte("||")) {
				if cell = w.plain(cell); len(r.fields) > 0 {
					w.add(r, cell)
				} else {
					head = append(head, bytes.Clone(cell))
				}
			}
		case text[0] == '|':
			if len(r.fields) == 0 && len(head) == 1 && len(w.headers) > 1 {
				w.add(r, head[0]) // a header of the row
				head = nil
			}
			w.header(head)
			head = nil
			for cell := range bytes.SplitSeq(text[1:], []byte("||")) {
				w.add(r, w.plain(cell))
			}
		case len(r.fields) > 0:
			r.extend([]byte{' '})
			r.extend(text)
		}
		if len(r.text) > recordBytes || len(r.fields) > recordFields {
			return true, nil
		}
	}
	return len(r.fields) > 0, nil
}

// header takes a row of headers.
func (w *wikis) header(cells [][]byte) {
	if len(cells) > 1 && w.headers == nil {
		w.headers = cells
	}
}

// add adds a cell under its header.
func (w *wikis) add(r *record, cell []byte) {
	var label []byte
	if n := len(r.fields); n < len(w.headers) {
		label = w.headers[n]
	}
	r.add(label, cell)
}

// plain takes the attributes off a cell: `scope="row" | Leeds`.
func (w *wikis) plain(cell []byte) []byte {
	if before, after, ok := bytes.Cut(cell, []byte{'|'}); ok && bytes.IndexByte(before, '=') > 0 && !bytes.Contains(before, []byte("[[")) {
		cell = after
	}
	return trim(cell)
}
