// Package browser tests what only a browser can: a page with our script on a site of its own, against the API over a real
// Postgres. It is a module of its own, so that the product does not carry the driver of a browser.
//
// The tests want Chromium: chromium, chromium-browser or google-chrome in the PATH, or LEADFLOW_CHROMIUM. Where there is
// none they are skipped and say so. LEADFLOW_SHOTS names a directory for pictures of what the browser shows.
package browser
