package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// The acts of forms, beside those of decisions.
const (
	actApprove  = "approve"
	actWithdraw = "withdraw"
	actMark     = "mark"
	actAllow    = "allow"
	actTest     = "test"
)

const (
	// typedFrom is from how many messages on their number has to be typed.
	typedFrom = 51
	// reasonMost bounds a reason, in bytes.
	reasonMost = 500
)

// asked is what a person has filled in. A page that says what is wrong with it
// keeps it.
type asked struct {
	Act    string // whose form it is, "" for none
	Token  string
	Reason string
	Count  string // as it was typed
	Some   bool   // only to some recipients
	Picked []string
	Names  string // one address a line
	Force  bool
	Choice string // of several things that an act may be about
	Days   string // until an entry of the allow list ends
	Wrong  string // what is wrong, "" nothing
}

// readAsked reads a form, of at most formMost bytes.
func readAsked(r *http.Request, act string) *asked {
	if err := r.ParseForm(); err != nil {
		return &asked{Act: act, Wrong: "The form could not be read."}
	}
	v := r.PostForm
	return &asked{Act: act, Token: v.Get("token"), Reason: strings.TrimSpace(v.Get("reason")), Count: strings.TrimSpace(v.Get("count")),
		Some: v.Get("scope") == "some", Picked: v["to"], Names: v.Get("names"), Force: v.Get("force") == "yes",
		Choice: v.Get("choice"), Days: strings.TrimSpace(v.Get("days"))}
}

// check notes what is missing for an act that is for so many messages.
func (a *asked) check(messages int) {
	switch n, err := strconv.Atoi(strings.NewReplacer(",", "", " ", "", ".", "").Replace(a.Count)); {
	case a.Wrong != "":
	case a.Reason == "":
		a.Wrong = "Say why: the reason is kept in the audit trail."
	case len(a.Reason) > reasonMost:
		a.Wrong = "The reason is too long: " + strconv.Itoa(reasonMost) + " bytes are kept."
	case messages >= typedFrom && (err != nil || n != messages):
		a.Wrong = "Type the number of messages, " + grouped(messages) + ", so that it is sure that you mean them all."
	case a.Act == quarantine.ActionRelease && a.Some && len(a.To()) == 0:
		a.Wrong = "Name the recipients that it is to be sent to, or choose all."
	}
}

// To are the recipients to send to; none: all.
func (a *asked) To() (to []string) {
	if !a.Some {
		return nil
	}
	for _, address := range append(strings.FieldsFunc(a.Names, func(c rune) bool { return strings.ContainsRune("\r\n,; \t", c) }), a.Picked...) {
		to = append(to, strings.Trim(address, "<>"))
	}
	return to
}

// Has reports whether a recipient was picked.
func (a *asked) Has(address string) bool { return slices.Contains(a.Picked, address) }
