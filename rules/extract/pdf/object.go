package pdf

// object is a PDF object (ISO 32000-2, 7.3): nil, bool, int, float64, name,
// text, array, dict, *stream or ref.
type object any

type (
	// name is a name object, without its slash and with #xx resolved.
	name string
	// text is a string object: bytes, in no stated encoding.
	text string
	// array is an array object.
	array []object
	// dict is a dictionary object.
	dict map[name]object
	// ref is a reference to an indirect object. Generations are not kept:
	// the newest object of a number is the one that a reader sees.
	ref uint32
)

// stream is a stream object: its dictionary and where its raw bytes stand.
type stream struct {
	dict dict
	off  int64
	size int64
	num  ref    // the object's number and generation, for decryption
	gen  int    //
	data []byte // raw bytes of an inline stream; nil when they are in the file
}

// maxNesting bounds arrays and dictionaries inside each other.
const maxNesting = 100

// parser builds objects from a lexer's tokens.
type parser struct {
	lex      lexer
	decrypt  func(string) string // nil when strings are plain
	elements int                 // of arrays and dictionaries so far
}

// object reads one object. References, "12 0 R", are recognised. The second
// result is false at the end of the input or at a keyword, which word then
// holds.
func (p *parser) object(depth int) (obj object, word string, ok bool) {
	t := p.lex.next()
	switch t.kind {
	case tokenNumber:
		if t.integer && t.num >= 0 {
			if r, ok := p.reference(t.num); ok {
				return r, "", true
			}
		}
		return t.number(), "", true
	case tokenString:
		return p.text(t.text), "", true
	case tokenName:
		return name(t.text), "", true
	case tokenArrayOpen:
		return p.array(depth + 1), "", true
	case tokenDictOpen:
		return p.dict(depth + 1), "", true
	case tokenWord:
		switch w := string(t.text); w {
		case "true":
			return true, "", true
		case "false":
			return false, "", true
		case "null":
			return nil, "", true
		default:
			return nil, w, false
		}
	case tokenArrayClose:
		return nil, "]", false
	case tokenDictClose:
		return nil, ">>", false
	}
	return nil, "", false
}

// reference looks whether "gen R" follows a number.
func (p *parser) reference(num float64) (ref, bool) {
	if num > 1<<31 {
		return 0, false
	}
	back := p.lex.pos
	if t := p.lex.next(); t.kind == tokenNumber && t.integer {
		if t = p.lex.next(); t.kind == tokenWord && string(t.text) == "R" {
			return ref(num), true
		}
	}
	p.lex.pos = back
	return 0, false
}

func (p *parser) text(b []byte) text {
	s := string(b)
	if p.decrypt != nil {
		s = p.decrypt(s)
	}
	return text(s)
}

func (p *parser) array(depth int) array {
	var a array
	for {
		obj, word, ok := p.object(depth)
		switch {
		case ok && depth <= maxNesting && p.elements < maxElements:
			p.elements++
			a = append(a, obj)
		case ok:
		case word == "" || word == "]" || word == "obj" || word == "endobj" || word == "stream":
			return a
		}
		if depth > maxNesting {
			p.lex.pos = len(p.lex.buf)
			return a
		}
	}
}

func (p *parser) dict(depth int) dict {
	d := dict{}
	for depth <= maxNesting {
		t := p.lex.next()
		switch t.kind {
		case tokenEOF, tokenDictClose:
			return d
		case tokenName:
			key := name(t.text)
			obj, word, ok := p.object(depth)
			if ok {
				if p.elements++; p.elements < maxElements {
					d[key] = obj
				}
			} else if word == ">>" || word == "" || word == "endobj" {
				return d
			}
		case tokenWord:
			if w := string(t.text); w == "obj" || w == "endobj" || w == "stream" {
				p.lex.pos -= len(w)
				return d
			}
		}
	}
	p.lex.pos = len(p.lex.buf)
	return d
}
