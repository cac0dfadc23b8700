package access

import "slices"

// Right is what a person may do. Each route of the console and each operation
// of the API asks for one.
type Right string

// The rights. The first two are no person's: they are what a route asks for
// that is open to all, or to whoever is signed in.
const (
	Public   Right = "public"
	SignedIn Right = "signed_in"

	IncidentList    Right = "incident.list"    // lists, counts, senders and addresses of what was held
	EvidenceMasked  Right = "evidence.masked"  // what was found, masked
	EvidenceReveal  Right = "evidence.reveal"  // what was found, in full; logged
	MessagePreview  Right = "message.preview"  // headers, text and parts; logged
	MessageDownload Right = "message.download" // the bytes; logged
	IncidentAssign  Right = "incident.assign"  // claim, hand on, mark as right or wrong
	DecideRelease   Right = "decide.release"
	DecideRefuse    Right = "decide.refuse"
	DecideDelete    Right = "decide.delete"
	DecideApprove   Right = "decide.approve"  // be the second person of a release
	ExceptionWrite  Right = "exception.write" // put people, tables and senders on the allow list
	PolicyRead      Right = "policy.read"     // policies, and what others would have changed
	AuditRead       Right = "audit.read"
	Scan            Right = "scan"  // have a message judged before it is sent
	Admin           Right = "admin" // settings, accounts and tokens of others
)

// Rights lists all rights that a person can have.
func Rights() []Right {
	return []Right{IncidentList, EvidenceMasked, EvidenceReveal, MessagePreview, MessageDownload, IncidentAssign,
		DecideRelease, DecideRefuse, DecideDelete, DecideApprove, ExceptionWrite, PolicyRead, AuditRead, Scan, Admin}
}

// Role is a named set of rights.
type Role string

// The roles, each with the rights of the one before.
const (
	Viewer   Role = "viewer"   // reads, masked
	Reviewer Role = "reviewer" // reads in full, and decides
	Approver Role = "approver" // is the second person
	Chief    Role = "admin"    // settings and accounts
)

// Roles lists the roles, the weakest first.
func Roles() []Role { return []Role{Viewer, Reviewer, Approver, Chief} }

// Valid reports whether there is such a role.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// Rights are those of the role; none of a role that there is not.
func (r Role) Rights() []Right {
	rights := []Right{IncidentList, EvidenceMasked, PolicyRead, AuditRead, Scan}
	switch r {
	case Viewer:
		return rights
	case Reviewer, Approver, Chief:
		rights = append(rights, EvidenceReveal, MessagePreview, MessageDownload, IncidentAssign,
			DecideRelease, DecideRefuse, DecideDelete, ExceptionWrite)
	default:
		return nil
	}
	if r == Approver || r == Chief {
		rights = append(rights, DecideApprove)
	}
	if r == Chief {
		rights = append(rights, Admin)
	}
	return rights
}
