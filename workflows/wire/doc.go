// Package wire is what everybody who talks to a lead needs: names, ids, message bodies. They live in every history ever
// written: never rename one, never change a meaning. It holds no behaviour and no personal data.
package wire
