package table

import "bytes"

// calendars reads iCalendar texts (RFC 5545): each attendee and organizer is a
// record, and so is what else an event says.
type calendars struct {
	s     *splitter
	buf   []byte
	event record
	deep  int
}

func (c *calendars) next(r *record) (bool, error) {
	for {
		if c.deep == 0 && !c.s.begins("BEGIN:VCALENDAR") && !c.s.begins("BEGIN:VEVENT") {
			return false, nil
		}
		p, line, ok, err := c.s.property(c.buf)
		c.buf = line
		if err != nil {
			return false, err
		}
		if !ok {
			c.deep = 0
			return c.flush(r), nil
		}
		switch name := string(bytes.ToUpper(p.name)); name {
		case "BEGIN":
			c.deep++
		case "END":
			c.deep = max(c.deep-1, 0)
			if c.flush(r) {
				return true, nil
			}
		case "ATTENDEE", "ORGANIZER":
			r.add([]byte("contact name"), parameter(p.params, "CN"))
			r.add([]byte("email address"), trimMailto(p.value))
			return true, nil
		case "SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "CONTACT":
			if len(c.event.text) < recordBytes {
				c.event.put([]byte(name), p.text())
			}
		}
	}
}

// flush moves what an event said into r.
func (c *calendars) flush(r *record) bool {
	r.take(&c.event)
	return len(r.fields) > 0
}

// parameter returns the value of a property's parameter, without quotes.
func parameter(params []byte, name string) []byte {
	for len(params) > 0 {
		end, quoted := len(params), false
		for i, ch := range params {
			if ch == '"' {
				quoted = !quoted
			} else if ch == ';' && !quoted {
				end = i
				break
			}
		}
		one := params[:end]
		params = params[min(end+1, len(params)):]
		if key, value, ok := bytes.Cut(one, []byte{'='}); ok && hasFold(key, name) && len(key) == len(name) {
			return bytes.Trim(value, `"`)
		}
	}
	return nil
}

func trimMailto(value []byte) []byte {
	if hasFold(value, "mailto:") {
		return value[len("mailto:"):]
	}
	return value
}
