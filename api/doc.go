// Package api is the JSON door: the routes of the contract under /v1, the public form and unsubscribe pages, health, and
// the API's own documentation.
//
// Every request passes the same way: it gets an id, its body is read under a limit, its key and role are checked, a
// repeated POST is answered from what was stored, and only then a handler runs. Everything that goes wrong leaves as a
// problem (RFC 9457), which never quotes what was sent.
//
// It must not: know SQL, decide anything about a life, talk to Temporal. People and events go through intake, decisions
// through desk; what is read comes from Postgres alone, so it is answered while Temporal is away.
package api
