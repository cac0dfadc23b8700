package quarantine

import (
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// finder turns a search into SQL and its arguments.
//
// SQLite has no figures of how common a value is, so it would collect and sort
// all rows of a common one. Which index a query follows is therefore settled
// here: that of the order, or of a driving term, whose index has the same
// order, or of a selective one. The columns of all other terms are written with
// a plus, which keeps the planner from their indexes.
type finder struct {
	s    *Store
	of   target
	me   string
	args []any
	// ordered is true where the list is in the order of the rows, so that terms
	// may drive; within OR and NOT none can.
	ordered bool
	nested  bool
}

// target is what a search finds.
type target bool

const (
	ofIncidents target = false
	ofMessages  target = true
)

// parts are the searches that all have to find.
func parts(e search.Expr) []search.Expr {
	if all, ok := e.(search.And); ok {
		return all
	}
	if e == nil {
		return nil
	}
	return []search.Expr{e}
}

// selective reports whether a search has a condition that finds few rows by an
// index of its own, so that no bound on what is looked through is needed.
func selective(e search.Expr) bool {
	for _, p := range parts(e) {
		t, ok := p.(search.Term)
		if !ok {
			continue
		}
		switch t.Key {
		case search.ID, search.Run:
			return true
		case search.To:
			if isAddress(t.Word) {
				return true
			}
		}
	}
	return false
}

// drives reports whether a term has an index in the order of the rows.
func drives(e search.Expr) bool {
	t, ok := e.(search.Term)
	return ok && (t.Key == search.From || t.Key == search.Policy)
}

// elsewhere reports whether a search looks for something in another table than its own,
// for each row.
func elsewhere(e search.Expr, of target) bool {
	in := func(all []search.Expr) bool {
		return slices.ContainsFunc(all, func(e search.Expr) bool { return elsewhere(e, of) })
	}
	switch e := e.(type) {
	case search.And:
		return in(e)
	case search.Or:
		return in(e)
	case search.Not:
		return elsewhere(e.Expr, of)
	case search.Term:
		switch e.Key {
		case search.To:
			return true
		case search.Copies, search.Delivered, search.Assigned, search.Marked:
			return of == ofMessages
		case search.Action, search.Hash, search.State:
			return of == ofIncidents
		}
	}
	return false
}

// isAddress tells an address from a domain.
func isAddress(s string) bool { return strings.LastIndexByte(s, '@') > 0 }

// driving is the SQL of the driving terms alone, each behind AND.
func (c *finder) driving(e search.Expr) (sql string) {
	if !c.ordered || selective(e) {
		return ""
	}
	for _, p := range parts(e) {
		if drives(p) {
			sql += " AND " + c.sql(p)
		}
	}
	return sql
}

// sql writes a search as one condition.
func (c *finder) sql(e search.Expr) string {
	switch e := e.(type) {
	case search.And:
		return c.join(e, " AND ")
	case search.Or:
		defer c.nest()()
		return c.join(e, " OR ")
	case search.Not:
		defer c.nest()()
		return "NOT " + c.sql(e.Expr)
	case search.Term:
		if c.of == ofMessages {
			return "(" + c.message(e) + ")"
		}
		return "(" + c.incident(e) + ")"
	}
	return "TRUE"
}

func (c *finder) nest() (end func()) {
	before := c.nested
	c.nested = true
	return func() { c.nested = before }
}

func (c *finder) join(all []search.Expr, between string) string {
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = c.sql(e)
	}
	return "(" + strings.Join(texts, between) + ")"
}

// with adds an argument to the SQL that has its place.
func (c *finder) with(sql string, arg any) string {
	c.args = append(c.args, arg)
	return sql
}

// column writes a column whose index may drive, or may not.
func (c *finder) column(name string) string {
	if c.ordered && !c.nested {
		return name
	}
	return "+" + name
}

// incident is the condition of a term on the rows of incidents.
func (c *finder) incident(t search.Term) string {
	switch t.Key {
	case search.State:
		switch IncidentState(t.Word) {
		case IncidentOpen:
			return "+open > 0"
		case IncidentAwaiting:
			return "+open > 0 AND " + awaiting
		case IncidentDecided:
			return "+open = 0"
		}
		return c.with(someCopy+"m.state = ?"+each, t.Word)
	case search.From:
		return c.address(t.Word, "sender", "sender_domain")
	case search.To:
		if isAddress(t.Word) {
			return c.with(c.key("id")+" IN (SELECT incident FROM messages WHERE seq IN (SELECT message FROM recipients WHERE address = ?))", c.s.hashAddress(t.Word))
		}
		return c.with("EXISTS (SELECT 1 FROM messages m JOIN recipients r ON r.message = m.seq WHERE m.incident = incidents.id AND +r.domain = ?"+each, c.s.hashDomain(t.Word))
	case search.Action:
		return c.with(someCopy+"m.action = ?"+each, t.Word)
	case search.Copies:
		return c.with("+copies "+string(t.Op)+" ?", t.Number)
	case search.Delivered:
		return c.with("delivered + passed "+string(t.Op)+" ?", t.Number)
	case search.Assigned:
		switch t.Word {
		case "me":
			return c.with("+assigned = ? AND +assigned <> ''", c.me)
		case "none":
			return "+assigned = ''"
		}
		return c.with("+assigned = ?", t.Word)
	case search.Marked:
		if t.Word == "none" {
			return "mark = ''"
		}
		return c.with("mark = ?", t.Word)
	case search.Run:
		return c.with(c.key("key")+" = ? AND key <> ''", t.Word)
	case search.ID:
		if id, err := NormaliseID(t.Word); err == nil {
			return c.with(c.key("id")+" IN (SELECT incident FROM messages WHERE id = ?)", id)
		}
		return c.with(c.key("id")+" = ?", normaliseIncident(t.Word))
	case search.Hash:
		return c.with(someCopy+"m.sha256 = ?"+each, strings.ToLower(t.Word))
	}
	return c.both(t, "first")
}

// someCopy begins a condition that some copy of an incident has to fulfil.
const someCopy = "EXISTS (SELECT 1 FROM messages m WHERE m.incident = incidents.id AND +"

// each ends a condition that is looked up for each row. PostgreSQL would join the whole
// of the other table but for the OFFSET.
const each = " LIMIT 1 OFFSET 0)"

// key writes a column by which few rows are found.
func (c *finder) key(name string) string {
	if c.nested {
		return "+" + name
	}
	return name
}

// message is the condition of a term on the rows of messages.
func (c *finder) message(t search.Term) string {
	switch t.Key {
	case search.State:
		switch IncidentState(t.Word) {
		case IncidentOpen:
			return "+state IN (SELECT state FROM totals WHERE open = 1)"
		case IncidentAwaiting:
			return "+state IN (SELECT state FROM totals WHERE open = 1) AND EXISTS (SELECT 1 FROM decisions d WHERE d.incident = messages.incident AND d.state = 'awaiting')"
		case IncidentDecided:
			return "+state IN (SELECT state FROM totals WHERE open = 0)"
		}
		return c.with("+state = ?", t.Word)
	case search.From:
		return c.address(t.Word, "sender_hash", "sender_domain")
	case search.To:
		if isAddress(t.Word) {
			return c.with(c.key("seq")+" IN (SELECT message FROM recipients WHERE address = ?)", c.s.hashAddress(t.Word))
		}
		return c.with("EXISTS (SELECT 1 FROM recipients r WHERE r.message = messages.seq AND +r.domain = ?"+each, c.s.hashDomain(t.Word))
	case search.Action:
		return c.with("action = ?", t.Word)
	case search.Copies, search.Delivered, search.Assigned, search.Marked:
		return "EXISTS (SELECT 1 FROM incidents WHERE incidents.id = messages.incident AND " + c.incident(t) + each
	case search.Run:
		// Through its incidents, whose index has few rows.
		return c.with(c.key("incident")+" IN (SELECT id FROM incidents WHERE key = ? AND key <> '')", t.Word)
	case search.ID:
		if id, err := NormaliseID(t.Word); err == nil {
			return c.with(c.key("id")+" = ?", id)
		}
		return c.with(c.key("incident")+" = ?", normaliseIncident(t.Word))
	case search.Hash:
		return c.with("sha256 = ?", strings.ToLower(t.Word))
	}
	return c.both(t, "received")
}

// both is the condition of a term that reads the same on both; began is the
// column of the time.
func (c *finder) both(t search.Term, began string) string {
	switch t.Key {
	case search.Policy:
		return c.with(c.column("policy")+" = ?", t.Word)
	case search.Field:
		return c.field(t.Word)
	case search.Category:
		return c.category(t.Word)
	case search.Completeness:
		return c.with("completeness = ?", t.Word)
	case search.People:
		return c.with("+subjects "+string(t.Op)+" ?", t.Number)
	case search.Bytes:
		return c.with("size "+string(t.Op)+" ?", t.Number)
	case search.Old:
		return c.with("+"+began+" "+older(t.Op)+" ?", micros(c.s.now().Add(-t.Age)))
	case search.After:
		return c.with("+"+began+" >= ?", t.Time.UnixMicro())
	case search.Before:
		return c.with("+"+began+" < ?", t.Time.UnixMicro())
	}
	return "FALSE" // every key of the grammar is above: see TestEachKeyIsSearchedBy
}

// older turns a comparison of ages into one of times. An age without a sign is
// meant as at most that.
func older(op search.Op) string {
	switch op {
	case search.Less:
		return ">"
	case search.Greater:
		return "<"
	case search.AtLeast:
		return "<="
	}
	return ">="
}

func (c *finder) address(word, address, domain string) string {
	sql, hash := c.s.addressCondition(word, c.column(address)+" = ?", c.column(domain)+" = ?")
	return c.with(sql, hash)
}

// likeLiteral writes a text that LIKE ... ESCAPE '!' takes for itself.
var likeLiteral = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// field finds a type in the JSON list of them, or with a star all of a group.
func (c *finder) field(word string) string {
	text := `"` + strings.ToLower(word) + `"`
	if group, ok := strings.CutSuffix(strings.ToLower(word), "*"); ok {
		text = `"` + group
	}
	return c.with("fields LIKE ? ESCAPE '!'", "%"+likeLiteral.Replace(text)+"%")
}

func (c *finder) category(word string) string {
	var any []string
	for t := detect.None + 1; t < detect.NumTypes; t++ {
		if t.Category().String() == word {
			any = append(any, c.field(t.String()))
		}
	}
	return strings.Join(any, " OR ")
}

// splitState takes the states of incidents out of a search, where all of it has
// to be found: lists have indexes for these.
func (q *IncidentQuery) splitState() {
	if q.State != "" {
		return
	}
	var rest search.And
	for _, p := range parts(q.Search) {
		t, ok := p.(search.Term)
		state := IncidentState(t.Word)
		if ok && t.Key == search.State && q.State == "" && (state == IncidentOpen || state == IncidentAwaiting || state == IncidentDecided) {
			q.State = state
			continue
		}
		rest = append(rest, p)
	}
	q.Search = together(rest)
}

// splitState does the same for messages.
func (q *Query) splitState() {
	if len(q.States) > 0 {
		return
	}
	var rest search.And
	for _, p := range parts(q.Search) {
		if states := statesOf(p); len(states) > 0 && len(q.States) == 0 {
			q.States = states
			continue
		}
		rest = append(rest, p)
	}
	q.Search = together(rest)
}

// statesOf gives the states of messages that an expression asks for, if that is
// all that it does.
func statesOf(e search.Expr) (all []State) {
	switch e := e.(type) {
	case search.Or:
		for _, p := range e {
			some := statesOf(p)
			if len(some) == 0 {
				return nil
			}
			all = append(all, some...)
		}
	case search.Term:
		switch {
		case e.Key != search.State || e.Word == string(IncidentAwaiting):
		case e.Word == string(IncidentOpen):
			all = []State{Held, Releasing, PartlyReleased, ReleaseFailed}
		case e.Word == string(IncidentDecided):
			all = []State{Released, Refused, Deleted, Expired}
		default:
			all = []State{State(e.Word)}
		}
	}
	return all
}

func together(all search.And) search.Expr {
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}
