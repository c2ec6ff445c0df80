// Package bounce reads mail that comes back: reports of delivery (RFC 3464), reports of complaint (RFC 5965), and the many texts
// that say the same in words. It answers what kind of mail it is, who is meant, and whether they can be reached again.
//
// It must not decide what follows from that, look anything up, or panic on any input.
package bounce
