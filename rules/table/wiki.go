package table

import "bytes"

// wikis reads the rows of a table in the markup of MediaWiki ("{|", "|-", "|}"):
// cells are parted by "||" or stand on lines of their own, headers by "!!".
type wikis struct {
	s       *splitter
	headers [][]byte
	begun   bool
	ended   bool
}

// looksWiki reports whether text begins a table: below the line that opens it
// stands a row, a cell or the caption.
func looksWiki(text []byte) bool {
	_, below, _ := bytes.Cut(text, []byte{'\n'})
	for len(below) > 0 {
		line, rest, _ := bytes.Cut(below, []byte{'\n'})
		if line = trim(unquote(line)); len(line) > 0 {
			return bytes.HasPrefix(text, []byte("{|")) && (line[0] == '|' || line[0] == '!')
		}
		below = rest
	}
	return false
}

// read implements what giveRecords asks for. The table ends with its mark, or
// before a line that goes on no cell.
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
		text := trim(unquote(line))
		if len(r.fields) == 0 && len(text) > 0 && text[0] != '|' && text[0] != '!' && w.begun {
			break
		}
		w.begun = true
		w.s.pass(next)
		switch {
		case bytes.HasPrefix(text, []byte("|}")):
			w.ended = true
		case bytes.HasPrefix(text, []byte("|-")):
			if w.headed(r, head); len(r.fields) > 0 {
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
			w.headed(r, head)
			head = nil
			for cell := range bytes.SplitSeq(text[1:], []byte("||")) {
				w.add(r, w.plain(cell))
			}
		default:
			r.extend([]byte{' '})
			r.extend(text)
		}
		if len(head) > recordFields {
			w.headed(r, head)
			head = nil
		}
		if r.full() {
			return true, nil
		}
	}
	for _, cell := range head { // of no column: nothing stands below
		w.add(r, cell)
	}
	return len(r.fields) > 0, nil
}

// headed takes header cells: the first few in a row are those of the columns,
// others are cells of the row.
func (w *wikis) headed(r *record, cells [][]byte) {
	if len(cells) > 1 && w.headers == nil {
		w.headers = cells
		return
	}
	for _, cell := range cells {
		w.add(r, cell)
	}
}

// add adds a cell under its header.
func (w *wikis) add(r *record, cell []byte) {
	var label []byte
	if n := len(r.fields); n < len(w.headers) {
		label = w.headers[n]
	}
	r.put(label, cell)
}

// plain takes the attributes off a cell: `scope="row" | Leeds`.
func (w *wikis) plain(cell []byte) []byte {
	if before, after, ok := bytes.Cut(cell, []byte{'|'}); ok && bytes.IndexByte(before, '=') > 0 && !bytes.Contains(before, []byte("[[")) {
		cell = after
	}
	return trim(cell)
}
