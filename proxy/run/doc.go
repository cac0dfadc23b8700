// Package run owns what is known of the messages before this one: which run a
// message belongs to, whether that run is held, to whom it has gone, and what
// its sender usually sends.
//
// A run is the messages of one sender that share their content but for the
// personal parts. A sender is the authenticated user or, without one, the
// client's network and the domain of the reverse-path. A message joins an open
// run of its sender when the fingerprints of their texts agree, when the very
// same people are in both, or when parts that make up most of both are the same.
// A run closes after a quiet time.
//
// What is always true:
//
//   - Two senders never share a run.
//   - Once a copy has been judged to be held, the run is braked: every copy
//     that asks afterwards is told so, whatever its own verdict, until a person
//     has released the whole run. A copy that had asked before may still leave;
//     there are at most as many of those as there were messages between the
//     question and the upstream's reply, and each is counted.
//   - The brake outlives the process: before the first message of a sender is
//     judged, what is known of the sender is read from the ledger, and the ledger
//     has a run before the client hears that a copy of it is held. When the
//     ledger cannot be read, nothing passes, unless Config.Anyway says so: then what
//     this relay knows to be held is stopped, and a copy of which more is not known
//     says so (Copy.Unknown).
//   - Memory is bounded in senders, runs, recipients and people. What is
//     forgotten can only make a run be taken for a new one, which its own
//     verdict judges.
//   - It holds hashes, numbers and times; the addresses of recipients are
//     passed to the ledger, which seals them, and are not kept.
//
// # Any number of relays
//
// Relays that share a ledger have one run of a mailing, whichever of them its
// copies come to. None is the authority: what each keeps in memory is what the
// ledger has, and what it has not written yet.
//
//   - Numbers are written by each relay as its own share (copies, delivered, what
//     a sender usually sends), so that no two overwrite each other and writing
//     again changes nothing; readers add the shares up. What is a set (the people
//     and the recipients of a run, the people of a sender over the window) is
//     written as what has come to it, in any order and as often as one likes.
//   - A sender is read when it is new here, and again after a notice that another
//     relay has written something of it. A notice is for speed alone: who cannot
//     hear them (Config.Shared) asks for each message, and who has missed some
//     (Tracker.Missed) asks for each sender again.
//   - Where two relays have each begun a run of one mailing, both go on with the
//     held one or else the older one as soon as they know of it, and each moves its
//     own share there.
//   - The first hold of a run says which holds of its sender its relay knew of. If
//     there are others by then, the ledger refuses (ErrOvertaken), the relay reads
//     again, and the copy joins what is held: two relays never begin two incidents
//     of one mailing.
//   - A brake is as fast as its notice. Between the first verdict to hold and the
//     moment when another relay is warned of it, that one lets pass what its own
//     verdict does not stop: its copies of that time and those on their way to the
//     upstream, as on one node. From then on copies of the sender wait there until
//     the hold is kept, or for two seconds. The canary bounds what leaves: its copies
//     wait until so many have come to all relays together, or for its time.
package run
