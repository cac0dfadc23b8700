package quarantine

import (
	"errors"
	"syscall"

	"modernc.org/sqlite" // also registers the driver that sqliteDatabase names
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

// What callers decide by. Each is wrapped with the particulars.
var (
	// ErrNotFound: there is no message of this id, or its content was removed.
	ErrNotFound = errors.New("not in the quarantine")
	// ErrFull: the store is at its capacity, or the disk at its reserve. The
	// SMTP reply is 452.
	ErrFull = errors.New("quarantine is full")
	// ErrOvertaken: another relay has held a run of the sender meanwhile, which may
	// be of the same mailing.
	ErrOvertaken = errors.New("another relay has held a run of this sender meanwhile")
	// ErrBusy: somebody is releasing the message now.
	ErrBusy = errors.New("release under way")
	// ErrDecided: the message, or a recipient asked for, was decided before.
	ErrDecided = errors.New("already decided")
	// ErrUncertain: an earlier release ended without a result, so that to
	// release again may deliver twice. ForceRelease does so.
	ErrUncertain = errors.New("outcome of an earlier release is unknown")
	// ErrNotRecipient: an address asked for is not in the envelope.
	ErrNotRecipient = errors.New("not a recipient of this message")
	// ErrClaimed: somebody else works on the incident.
	ErrClaimed = errors.New("claimed by somebody else")
	// ErrNoAccount: there is no such account, session or token, or it has ended.
	ErrNoAccount = errors.New("no such account, session or token")
	// ErrExists: there is one of this name, or a code was used before.
	ErrExists = errors.New("exists already")
	// ErrKept: the message is under legal hold.
	ErrKept = errors.New("under legal hold")
	// ErrDamaged: content differs from what was held.
	ErrDamaged = errors.New("content is damaged")
	// ErrTampered: the audit trail does not fit its hashes.
	ErrTampered = errors.New("audit trail was changed")
	// ErrNewer: the database was written by a later version of the program.
	ErrNewer = errors.New("database is from a newer version")
	// ErrAway: the database's server cannot be reached, or has gone while it was
	// asked. The SMTP reply is 4xx.
	ErrAway = errors.New("the database is away")
	// ErrSealed: the private key, without which this cannot be read, is not
	// here.
	ErrSealed = errors.New("sealed")
	// ErrInvalid: the caller's message, cursor or name cannot be used.
	ErrInvalid = errors.New("invalid")
)

// full marks an error as ErrFull where its cause is a full disk or quota,
// whichever layer met it first.
func full(err error) error {
	var e *sqlite.Error
	sqliteFull := errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL
	if sqliteFull || errors.Is(err, packs.ErrFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errors.Join(ErrFull, err)
	}
	return err
}
