package extract

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/htmltoken"
	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
	"golang.org/x/net/html"
)

// markup turns the tokens of an HTML page into items, as a reader would see
// it and as it is written: hidden text, comments and titles are text too. It
// builds no tree, so that no depth of nesting can hide anything.
type markup struct {
	r io.Reader
	z *htmltoken.Scanner

	items []*item
	first int     // of items, the next to give
	spare []*item // rows that were given, to be used again
	texts []*item // likewise

	line   []byte // the open line of running text
	space  bool   // white space came since
	pre    int    // depth of elements that keep white space
	tables []*tableState
	grids  int
	// Of the cells of tables: those that are written, those that are not and were
	// filled in, and whether a row had more than it may.
	written, filled int
	cut             bool
	blocks          blockStack
	raw             string // the element whose text is no text: style
	mailto          []byte
	shadow          shadow
	sheet           sheet
	styles          map[string]look // of the style attributes that were read
	veil            veil
	turn            within // the element whose text is shown backwards
	placed          placed
	labels          labels
	err             error

	turning bool // the open cell or line has turned text

	known   [htmltoken.Slots]knownTag
	present *knownTag // the tag at hand, nil if it is not remembered
}

func newMarkup(r io.Reader, maxToken int) *markup {
	return &markup{r: r, z: htmltoken.New(r, maxToken)}
}

// textAtOnce is how much running text is gathered before it is given, in bytes,
// unless something else comes.
const textAtOnce = 4 << 10

// peek returns the next item without taking it, nil at the end.
func (m *markup) peek() *item {
	if m.first == len(m.items) {
		m.recycle()
	}
	for m.err == nil && m.wants() {
		m.step()
	}
	if m.first == len(m.items) {
		return nil
	}
	return m.items[m.first]
}

// wants reports whether there is no item yet, or nothing but a little text.
func (m *markup) wants() bool {
	switch len(m.items) - m.first {
	case 0:
		return true
	case 1:
		it := m.items[m.first]
		return it.kind == itemText && len(it.text) < textAtOnce
	}
	return false
}

// recycle takes back the items that were given.
func (m *markup) recycle() {
	for _, it := range m.items {
		switch {
		case it.kind == itemRow && it.arena != nil:
			m.spare = append(m.spare, it)
		case it.kind == itemText:
			m.texts = append(m.texts, it)
		}
	}
	m.items, m.first = m.items[:0], 0
}

// newRow returns a row without cells.
func (m *markup) newRow(grid int) *item {
	if n := len(m.spare); n > 0 {
		it := m.spare[n-1]
		m.spare = m.spare[:n-1]
		it.cells, it.arena, it.grid = it.cells[:0], it.arena[:0], grid
		return it
	}
	return &item{kind: itemRow, grid: grid, arena: make([]byte, 0, 256)}
}

// take gives the item that peek returned; it is good until the next peek.
func (m *markup) take() { m.first++ }

func (m *markup) add(it *item) { m.items = append(m.items, it) }

// step reads one token.
func (m *markup) step() {
	switch m.z.Next() {
	case html.ErrorToken:
		m.err = m.z.Err()
		m.finish()
	case html.TextToken:
		m.text(m.z.Text())
	case html.StartTagToken, html.SelfClosingTagToken:
		m.start(m.named())
	case html.EndTagToken:
		name, _ := m.named()
		m.end(name)
	case html.CommentToken, html.DoctypeToken:
		m.comment(m.z.Text())
	}
}

// finish closes what the page left open.
func (m *markup) finish() {
	for len(m.tables) > 0 {
		m.endTable()
	}
	m.breakLine()
	m.blocks.flush(m)
	m.placed.flush(m)
	if m.shadow.text.Len() > 0 {
		m.add(&item{kind: itemData, text: bytes.Clone(m.shadow.text.Bytes()), media: "text/plain"})
	}
}

// text adds running text to the open cell or line.
func (m *markup) text(b []byte) {
	switch {
	case m.raw == "style" && bytes.ContainsAny(b, "{@"):
		m.styleSheet(b)
		return
	case m.raw == "script":
		m.script(b)
	case m.veil.deep > 0:
		if m.veil.text = append(m.veil.text, b...); len(m.veil.text) > heldSize {
			m.shadow.value(m.veil.text)
			m.shadow.end()
			m.veil.text = m.veil.text[:0]
		}
		return
	case m.placed.open:
		m.placed.write(b)
		return
	}
	if m.turn.deep > 0 {
		b = m.turnText(b)
	}
	keep := m.pre > 0 || tabular(b)
	if t := m.table(); t != nil {
		t.write(m, b, keep)
		return
	}
	if !keep {
		m.line, m.space = collapse(m.line, b, m.space)
		m.spill()
		return
	}
	for len(b) > 0 {
		part, after, whole := bytes.Cut(b, []byte("\n"))
		m.line = append(m.line, bytes.TrimRight(part, "\r")...)
		if b = after; whole {
			m.breakLine()
		}
	}
	m.spill()
}

// spill bounds the open line.
func (m *markup) spill() {
	if len(m.line) > 32<<10 {
		m.blocks.flush(m)
		m.emit(m.line, false)
		m.line = m.line[:0]
	}
}

// collapse appends text with its white space as a browser shows it.
func collapse(dst, b []byte, space bool) ([]byte, bool) {
	for len(b) > 0 {
		i := settled(b)
		if i > 0 {
			if space && len(dst) > 0 && dst[len(dst)-1] != '\n' {
				dst = append(dst, ' ')
			}
			dst, space = append(dst, b[:i]...), false
		}
		for i < len(b) && blankByte(b[i]) {
			i, space = i+1, true
		}
		b = b[i:]
	}
	return dst, space
}

// settled returns the length of what b begins with that a browser shows as it
// is: words parted by single spaces.
func settled(b []byte) int {
	i, before := 0, uint64(0x80) // the byte before is a space; as if one stood before the first
	for ; i+8 <= len(b); i += 8 {
		word := binary.LittleEndian.Uint64(b[i:])
		spaces := lanes.Equal(word, ' ')
		other := lanes.Within(lanes.Low(word), '\t', '\r') &^ word & lanes.Tops
		if stop := other | spaces&(spaces<<8|before); stop != 0 {
			i += lanes.First(stop)
			break
		}
		before = spaces >> 56
	}
	for ; i < len(b) && !blankByte(b[i]) || i < len(b) && b[i] == ' ' && i > 0 && b[i-1] != ' '; i++ {
	}
	for i > 0 && b[i-1] == ' ' {
		i--
	}
	return i
}

func blankByte(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// tabular tells text whose line ends matter, whatever its style says: three
// lines or more with the same number of a delimiter.
func tabular(b []byte) bool {
	if len(b) < len("||\n||\n||") || bytes.Count(b, []byte("\n")) < 2 {
		return false
	}
	lines := bytes.Split(bytes.TrimSpace(b[:min(len(b), 4096)]), []byte("\n"))
	if len(lines) > 6 {
		lines = lines[:6]
	}
	if len(lines) < 3 {
		return false
	}
	for _, d := range []byte(",;\t|") {
		n := bytes.Count(lines[0], []byte{d})
		same := n >= 2
		for _, l := range lines[1:] {
			same = same && bytes.Count(l, []byte{d}) >= n
		}
		if same {
			return true
		}
	}
	return false
}

// breakLine ends the open line of running text.
func (m *markup) breakLine() {
	if t := m.table(); t != nil {
		t.newline()
		m.turning = false
		return
	}
	m.line = m.labels.spell(m.lift(m.line))
	if len(m.line) > 0 {
		m.blocks.flush(m)
		m.emit(m.line, true)
		m.line = m.line[:0]
	}
	m.space = false
}

// emit gives text as an item, joined to the one before where that is text.
func (m *markup) emit(text []byte, end bool) {
	if n := len(m.items); n > m.first && m.items[n-1].kind == itemText && len(m.items[n-1].text) < 16<<10 {
		last := m.items[n-1]
		last.text = append(last.text, text...)
		if end {
			last.text = append(last.text, '\n')
		}
		return
	}
	var it *item
	if n := len(m.texts); n > 0 {
		it, m.texts = m.texts[n-1], m.texts[:n-1]
	} else {
		it = &item{kind: itemText}
	}
	it.text = append(it.text[:0], text...)
	if end {
		it.text = append(it.text, '\n')
	}
	m.add(it)
}

// comment takes a comment as it is written, its markup taken out. What is
// conditional is seen by the programs that it names.
func (m *markup) comment(b []byte) {
	if !bytes.ContainsAny(b, " ,;\t\n@") || bytes.HasPrefix(b, []byte("[endif")) || bytes.HasPrefix(b, []byte("[if")) && !bytes.Contains(b, []byte("<t")) {
		return
	}
	text := flatten(b)
	if len(bytes.TrimSpace(text)) < 3 || hasFold(text, "html") {
		return
	}
	if m.table() == nil {
		m.breakLine()
	}
	m.emit(text, true)
}

// flatten gives the text of a short stretch of markup, with a tab between
// cells.
func flatten(b []byte) []byte {
	z := htmltoken.New(bytes.NewReader(b), len(b)+1)
	var out []byte
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.TextToken:
			out = append(out, z.Text()...)
		case html.CommentToken:
			if c := z.Text(); !bytes.HasPrefix(c, []byte("[endif")) {
				out = append(append(out, '\n'), c...)
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "td" || string(name) == "th" {
				out = append(out, '\t')
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "tr", "br", "p", "div", "li", "table":
				out = append(out, '\n')
			}
		}
	}
}

// attributes reads a tag's attributes: what they say to a reader becomes text.
type attributes struct {
	colspan, rowspan int
	look             look

	// Of SVG: the place, or by how much it moves.
	x, y, dx, dy   float64
	hasX, hasY     bool
	shiftX, shiftY float64
}

func (m *markup) attributes(tag string) attributes {
	if m.present != nil && m.present.plain {
		return m.present.attributes
	}
	a, plain := attributes{colspan: 1, rowspan: 1}, true
	for more := true; more; {
		var key, val []byte
		key, val, more = m.z.TagAttr()
		switch string(key) {
		case "colspan":
			a.colspan = span(val)
		case "rowspan":
			a.rowspan = span(val)
		case "style":
			l, known := m.style(val)
			a.look.join(l)
			plain = plain && known
		case "class":
			m.sheet.classes(&a.look, val)
		case "hidden":
			a.look.hidden = true
		case "dir":
			a.look.rtl = a.look.rtl || hasFold(val, "rtl")
			a.look.override = a.look.override || tag == "bdo"
		case "x", "y", "dx", "dy", "transform":
			a.place(string(key), val)
		case "alt", "title", "value", "aria-label", "placeholder", "summary", "label":
			plain = false
			if len(val) > 2 && (key[0] != 'v' || tag != "li" && tag != "progress" && tag != "meter") {
				m.text([]byte{' '})
				m.text(val)
				m.text([]byte{' '})
			}
		case "srcdoc":
			plain = false
			m.add(&item{kind: itemData, text: bytes.Clone(val), media: "text/html"})
		case "href", "src", "background", "data", "action", "poster", "xlink:href":
			plain = false
			m.link(val)
			m.shadow.query(val)
		case "content":
			plain = false
			m.shadow.value(val)
		default:
			if bytes.HasPrefix(key, []byte("data-")) {
				plain = false
				m.shadow.value(val)
			}
		}
	}
	m.shadow.end()
	if m.present != nil && plain {
		m.present.plain, m.present.attributes = true, a
	}
	return a
}

// place reads the attributes by which SVG places text.
func (a *attributes) place(key string, val []byte) {
	if key == "transform" {
		a.shiftX, a.shiftY = translation(val)
		return
	}
	val, _, _ = bytes.Cut(bytes.TrimSpace(val), []byte(" "))
	v, ok := pixels(bytes.TrimRight(val, ","))
	switch {
	case !ok:
	case key == "x":
		a.x, a.hasX = v, true
	case key == "y":
		a.y, a.hasY = v, true
	case key == "dx":
		a.dx = v
	case key == "dy":
		a.dy = v
	}
}

// Bounds of the style attributes that are remembered: a page says the same of
// many elements.
const (
	maxStyles = 256
	maxStyle  = 256 // bytes of one
)

// style reads a style attribute. It reports false for one that holds more than a
// look.
func (m *markup) style(declarations []byte) (look, bool) {
	if l, known := m.styles[string(declarations)]; known {
		return l, true
	}
	l := parseLook(declarations)
	if bytes.Contains(declarations, []byte("data:")) {
		m.styleData(declarations)
		return l, false
	}
	if len(declarations) <= maxStyle && len(m.styles) < maxStyles {
		if m.styles == nil {
			m.styles = make(map[string]look)
		}
		m.styles[string(declarations)] = l
	}
	return l, true
}

func span(val []byte) int {
	n, err := strconv.Atoi(string(bytes.TrimSpace(val)))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, 100)
}

// link takes what a URL holds itself: an address, or the data of a data: URI.
func (m *markup) link(val []byte) {
	val = bytes.TrimSpace(val)
	if len(val) == 0 || val[0]|0x20 != 'd' && val[0]|0x20 != 'm' && val[0]|0x20 != 't' {
		return
	}
	switch {
	case hasFold(val, "data:"):
		m.data(val)
	case hasFold(val, "mailto:") || hasFold(val, "tel:"):
		_, to, _ := bytes.Cut(val, []byte(":"))
		m.mailto = []byte(decodeExtended(string(to[:min(len(to), 4096)]), false))
	}
}

// data takes a data: URI (RFC 2397).
func (m *markup) data(val []byte) {
	head, body, ok := bytes.Cut(val[len("data:"):], []byte(","))
	if !ok || len(head) > 500 {
		return
	}
	media, ps, _ := strings.Cut(asciiLower(string(head)), ";")
	var b []byte
	if strings.Contains(ps, "base64") {
		b = bareBase64([]byte(decodeExtended(string(body), false)))
	} else {
		b = percentDecoded(body)
	}
	if len(b) > 0 {
		m.blocks.flush(m)
		m.add(&item{kind: itemData, text: b, media: media})
	}
}

func percentDecoded(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) {
			if hi, lo := unhex(b[i+1]), unhex(b[i+2]); hi < 16 && lo < 16 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}
