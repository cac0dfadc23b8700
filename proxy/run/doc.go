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
//     judged, the sender's open runs are read from the ledger, and the ledger
//     has a run before the client hears that a copy of it is held. When the
//     ledger cannot be read, nothing passes.
//   - Memory is bounded in senders, runs, recipients and people. What is
//     forgotten can only make a run be taken for a new one, which its own
//     verdict judges.
//   - It holds hashes, numbers and times; the addresses of recipients are
//     passed to the ledger, which seals them, and are not kept.
package run
