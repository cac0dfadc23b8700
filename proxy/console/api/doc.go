// Package api is the console for programs: the HTTP interface under /api/v1/,
// described by the OpenAPI 3.1 document that it serves itself.
//
// What is always true: each operation names the right that it asks for, and one
// place checks it before anything of the request is read; every error is a
// problem (RFC 9457) and repeats nothing of what was sent; a page shows masked
// evidence only, and content leaves with a reason, after the audit trail has it;
// what the operations take and give is made from the types of this package, the
// document too.
package api
