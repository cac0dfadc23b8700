package rules

// echoed counts the people in the content who are recipients of the same run or
// of this sender's recent ones: the sign that a list of recipients went out as
// the text. A reply in a thread names the people of the thread, who may well
// have had mail from this sender, and a header that shows whom a message goes
// to makes them its readers: neither is an echo.
func (p *Policies) echoed(ev *Evidence, recipients []Key, left map[int]bool, own map[Key]bool) int64 {
	all := ev.all.people
	if ev.Reply || all.empty() {
		return 0
	}
	places := map[int]bool{}
	for _, k := range recipients {
		i := all.find(k)
		if i >= 0 && !left[i] && !own[k] && !p.own[all.list[i].domain] {
			places[i] = true
		}
	}
	return int64(len(places))
}
