package metrics

import "github.com/prometheus/client_golang/prometheus"

// newFound makes the figures of what is found in messages, and where.
func (m *Metrics) newFound(reg prometheus.Registerer, names Names) {
	m.Fields = counter(reg, "fields_total", "Messages in which third-party people have a type of field, by type.", "field")
	zero(m.Fields, names.Fields)
	m.Findings = counter(reg, "findings_total",
		"Tables and texts in which people's data was found, by what they were found in: a file's format, a form of table in text, or text.", "kind")
	zero(m.Findings, names.Kinds)
	m.fields, m.kinds = set(names.Fields), set(names.Kinds)
}

func set(names []string) map[string]bool {
	s := make(map[string]bool, len(names))
	for _, name := range names {
		s[name] = true
	}
	return s
}

// Field returns the label value for a field type's name, "" for one that says
// nothing of a person and is not counted.
func (m *Metrics) Field(name string) string {
	if m.fields[name] {
		return name
	}
	return ""
}

// Kind returns the label value for what people's data was found in.
func (m *Metrics) Kind(name string) string {
	if m.kinds[name] {
		return name
	}
	return "other"
}
