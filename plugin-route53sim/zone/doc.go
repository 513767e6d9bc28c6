// Package zone compiles hosted zones out of replicated rows and answers
// questions about them.
//
// A [Compiler] turns each batch of changes into a new immutable [View];
// [View.Lookup] answers from it. Lookup knows nothing of messages: it returns
// three sections and a [Result]. There is no I/O and no clock here; randomness
// comes with the question.
//
// A View and everything reachable from it never changes, so any number of
// goroutines may read it. A Compiler belongs to one goroutine. Views share what
// did not change: a change of one RRset costs a few small copies, whatever the
// size of the zone.
//
// The rules are those of Route 53 (aws-behaviour 3.1 to 3.3, 3.6), on the
// algorithm of RFC 1034 section 4.3.2 as RFC 4592 and RFC 8020 refine it.
package zone
