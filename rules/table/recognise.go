package table

// recognise returns what reads the table that begins with the line at the
// reading position, nil if none does.
func (s *splitter) recognise(line []byte) func() error {
	text := unquote(line)
	body := trim(text)
	if len(body) < 2 {
		return nil
	}
	if f, ok := s.sniff(text); ok {
		return func() error {
			kind := Delimited
			if f.drawn {
				kind = Drawn
			}
			return s.give(kind, &delimited{s: s, form: f})
		}
	}
	return nil
}

// lineless returns what reads the table that begins with text and needs no
// lines, nil if none does.
func (s *splitter) lineless(text []byte) func() error {
	return nil
}

// schema remembers the columns of the tables that CREATE TABLE declared.
type schema map[string][]string
