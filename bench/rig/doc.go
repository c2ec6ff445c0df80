// Package rig runs what is measured: a private Postgres, Temporal alone, the product's processes, and the whole product in
// one. It sees them as their users do: by their command lines, over HTTP, in Postgres. It also says which machine this is.
package rig
