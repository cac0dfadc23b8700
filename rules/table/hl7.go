package table

import "bytes"

// hl7 reads the people of HL7 messages (HL7 v2.x, chapter 3): each patient
// (PID), next of kin (NK1), guarantor (GT1) and insured (IN1) is a record. What the
// other segments say of a patient is the record's note.
type hl7 struct {
	s    *splitter
	next noted  // the person who has begun
	who  record // what names the patient
	kin  bool   // next is another than the patient
}

// looksHL7 reports whether a line begins a message or a patient.
func looksHL7(line []byte) bool {
	return bytes.HasPrefix(line, []byte(`MSH|`)) || bytes.HasPrefix(line, []byte("PID|")) && bytes.Count(line, []byte{'|'}) > 6
}

// hl7Field says where a segment holds what: a field, and its component from 0.
type hl7Field struct {
	field, component int
	label            string
}

// hl7Fields returns what is read of the segments that begin a record, nil for
// others.
func hl7Fields(segment string) []hl7Field {
	switch segment {
	case "PID":
		return []hl7Field{{3, 0, "patient id"}, {5, 0, "family name"}, {5, 1, "given name"}, {7, 0, "birth date"}, {8, 0, "sex"},
			{11, 0, "street"}, {11, 2, "city"}, {11, 3, "province"}, {11, 4, "postcode"}, {11, 5, "country"},
			{13, 0, "phone"}, {13, 3, "email"}, {14, 0, "phone"}, {16, 0, "marital status"}, {18, 0, "account number"}, {19, 0, "social security number"}}
	case "NK1":
		return []hl7Field{{2, 0, "family name"}, {2, 1, "given name"}, {4, 0, "street"}, {4, 2, "city"}, {4, 4, "postcode"}, {5, 0, "phone"}}
	case "GT1":
		return []hl7Field{{3, 0, "family name"}, {3, 1, "given name"}, {5, 0, "street"}, {5, 2, "city"}, {5, 4, "postcode"}, {6, 0, "phone"}, {8, 0, "birth date"}, {12, 0, "social security number"}}
	case "IN1":
		return []hl7Field{{16, 0, "family name"}, {16, 1, "given name"}, {18, 0, "birth date"}, {19, 0, "street"}, {19, 2, "city"}, {19, 4, "postcode"}, {36, 0, "policy number"}}
	}
	return nil
}

// read implements what giveRecords asks for.
func (h *hl7) read(r *record) (bool, error) {
	for {
		if err := h.s.refill(); err != nil {
			return false, err
		}
		line, next, ok := h.s.src.peek(0)
		text := trim(unquote(line))
		if !ok || len(text) > 0 && !hl7Segment(text) {
			return h.next.flush(r), nil
		}
		if len(text) == 0 {
			h.s.pass(next)
			continue
		}
		segment := string(text[:3])
		wanted := hl7Fields(segment)
		if (wanted != nil || segment == "MSH" || segment == "DG1" && h.kin || h.next.full()) && h.next.flush(r) {
			return true, nil // the line is read anew
		}
		h.put(text, wanted)
		h.s.pass(next)
	}
}

// hl7Segment reports whether a line is a segment: three letters or digits, and
// a bar.
func hl7Segment(text []byte) bool {
	return len(text) > 4 && text[3] == '|' && upper(text[0]) && (upper(text[1]) || digit(text[1])) && (upper(text[2]) || digit(text[2]))
}

// put adds what a segment says.
func (h *hl7) put(text []byte, wanted []hl7Field) {
	fields := bytes.Split(text, []byte{'|'})
	switch segment := string(fields[0]); {
	case segment == "MSH":
	case segment == "DG1" && len(fields) > 3: // the diagnosis: code ^ text
		code, name, _ := bytes.Cut(fields[3], []byte{'^'})
		if h.kin {
			h.kin = false
			for i := range h.who.fields {
				h.next.add(h.who.key(i), h.who.value(i))
			}
		}
		h.add("diagnosis code", code)
		name, _, _ = bytes.Cut(name, []byte{'^'})
		h.add("diagnosis", name)
	case wanted == nil:
		for _, f := range fields[1:] {
			if len(f) > 0 {
				h.next.note = append(append(h.next.note, bytes.ReplaceAll(f, []byte{'^'}, []byte{' '})...), ' ')
			}
		}
	}
	if wanted != nil {
		h.kin = string(fields[0]) != "PID"
	}
	if wanted != nil && !h.kin {
		h.who.reset()
	}
	for _, w := range wanted {
		if w.field >= len(fields) {
			continue
		}
		first, _, _ := bytes.Cut(fields[w.field], []byte{'~'}) // of several, the first
		if parts := bytes.Split(first, []byte{'^'}); w.component < len(parts) {
			h.add(w.label, parts[w.component])
			if value := trim(parts[w.component]); !h.kin && w.field <= 5 && len(value) > 0 {
				h.who.put([]byte(w.label), value)
			}
		}
	}
}

func (h *hl7) add(label string, value []byte) {
	if value = trim(value); len(value) > 0 && string(value) != `""` {
		h.next.put([]byte(label), value)
	}
}
