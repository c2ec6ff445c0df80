// Package upgrade holds no code of the program: its test brings the data directory and the open leads of the previous
// release up under this one. See upgrade_test.go.
package upgrade
