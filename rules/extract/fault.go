package extract

import (
	"fmt"
	"runtime"
	"strings"
)

// Fault is code that panicked. It is an error that says what broke down and
// where, and nothing of what it was reading: the panic's own text may hold
// content, and so may the arguments in a stack trace.
type Fault struct {
	Kind   string   // the Go type of the panic's value
	Format Format   // of the part that was read, "" if it was no part's reader
	Places []string // function, file and line, the innermost first
}

func (f *Fault) Error() string { return "broke down: " + f.Kind }

// maxPlaces bounds what is kept of a stack: the innermost calls tell the fault.
const maxPlaces = 16

// Recovered makes a Fault of what recover returned. The deferred function has
// to call it before it returns: the stack is still there then.
func Recovered(value any) *Fault {
	f := &Fault{Kind: fmt.Sprintf("%T", value)}
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for more := true; more; {
		var at runtime.Frame
		at, more = frames.Next()
		switch {
		case at.Function == "runtime.gopanic":
			f.Places = f.Places[:0] // what came before is what recovers
		case len(f.Places) < maxPlaces && !strings.HasPrefix(at.Function, "runtime."):
			f.Places = append(f.Places, fmt.Sprintf("%s %s:%d", at.Function, at.File, at.Line))
		}
	}
	return f
}

// maxFaults bounds the faults that are kept of one message.
const maxFaults = 16

// broke notes that the reader of a part broke down, once for each part.
func (w *walk) broke(n node, f *Fault) {
	before := len(w.sum.Unread)
	w.unread(n, Failed, "the parser failed", true)
	if len(w.sum.Unread) > before && len(w.sum.Faults) < maxFaults {
		f.Format = n.format
		w.sum.Faults = append(w.sum.Faults, f)
	}
}

// caught, deferred, has a panic in the reading of a part make it Unread.
func (w *walk) caught(n *node, err *error) {
	if value := recover(); value != nil {
		w.broke(*n, Recovered(value))
		*err = w.fatal
	}
}

// sinkCaught, deferred, makes a panic of the sink the error of its call: what
// it had gathered may be anything, so that nothing follows from it.
func sinkCaught(err *error) {
	if value := recover(); value != nil {
		*err = Recovered(value)
	}
}
