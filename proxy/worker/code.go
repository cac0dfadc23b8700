package worker

import (
	"errors"
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

// codes are the errors that can be told between the processes, one bit each,
// at most eight. No sentence travels, since it could hold content.
func codes() []error {
	return []error{
		foreign.ErrFailed, document.ErrEncrypted, document.ErrDamaged, document.ErrUnsupported,
		document.ErrTooBig, document.ErrTooMany, document.ErrTooDeep, document.ErrRatio,
	}
}

// codeOf returns the codes of all known errors in err, as a set of bits; an
// unknown error is damage.
func codeOf(err error) byte {
	if err == nil {
		return 0
	}
	var set byte
	for i, known := range codes() {
		if errors.Is(err, known) {
			set |= 1 << i
		}
	}
	if set == 0 {
		return codeOf(document.ErrDamaged)
	}
	return set
}

// errorOf is the inverse of codeOf.
func errorOf(set byte) error {
	var errs []error
	for i, known := range codes() {
		if set&(1<<i) != 0 {
			errs = append(errs, known)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("worker: %w", errors.Join(errs...))
}
