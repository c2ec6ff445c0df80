// Package app reads the configuration and puts the rooms together: migrate, serve, work. It is a package of its own so
// that the standalone product and tests can build the real program.
package app
