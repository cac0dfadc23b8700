package upstream

import (
	"maps"
	"strconv"
	"strings"
)

// Extensions are the keywords of the answer to EHLO, in upper case, each with
// its parameters as sent ("" for none). It is empty after HELO.
type Extensions map[string]string

// Has reports whether the extension is offered; name may be in any case.
func (e Extensions) Has(name string) bool {
	_, ok := e[strings.ToUpper(name)]
	return ok
}

// Size gives the largest message the upstream says it takes, in octets
// (RFC 1870), or 0 if it states no limit.
func (e Extensions) Size() int64 {
	limit, err := strconv.ParseInt(e["SIZE"], 10, 64)
	if err != nil || limit < 0 {
		return 0
	}
	return limit
}

// parseExtensions reads an EHLO reply, whose first line is a greeting
// (RFC 5321 section 4.1.1.1). "AUTH=PLAIN LOGIN", an old form that some
// servers add for old clients, counts as AUTH.
func parseExtensions(r Reply) Extensions {
	extensions := make(Extensions, len(r.Lines))
	for _, line := range r.Lines[1:] {
		keyword, params, _ := strings.Cut(strings.TrimSpace(line), " ")
		keyword = strings.ToUpper(keyword)
		if mechanism, old := strings.CutPrefix(keyword, "AUTH="); old {
			if !extensions.Has("AUTH") {
				extensions["AUTH"] = strings.TrimSpace(mechanism + " " + params)
			}
			continue
		}
		if keyword != "" {
			extensions[keyword] = strings.TrimSpace(params)
		}
	}
	return extensions
}

// without gives a copy that lacks the keyword.
func (e Extensions) without(keyword string) Extensions {
	reduced := maps.Clone(e)
	delete(reduced, keyword)
	return reduced
}
