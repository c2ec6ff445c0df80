// Package catcher is a mail server that delivers to nobody: it keeps every mail it gets and shows it, on pages for people
// and as JSON for tests. It is for development; it takes mail from anybody who can reach it, so it listens on loopback.
//
// Recipients at bounce.example are refused for good (550 5.1.1), those at later.example for now (451 4.3.0), and after a mail
// to lost.example the connection breaks before the answer, so that all of these can be watched. Each mail has buttons that
// answer it as the other side would: with a bounce, a complaint, or an answer.
package catcher
