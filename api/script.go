package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/js"
)

//go:embed site/lf.js
var scriptSource []byte

// served is the script as pages get it, and its ETag.
var served = sync.OnceValues(func() (script []byte, etag string) {
	var small bytes.Buffer
	if err := js.Minify(minify.New(), &small, bytes.NewReader(scriptSource), nil); err != nil {
		small.Reset() // a test holds that it can be read
		small.Write(scriptSource)
	}
	sum := sha256.Sum256(small.Bytes())
	return small.Bytes(), `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
})

// script adds what a web page loads.
func (a *API) script() {
	const pattern = "GET /lf.js"
	a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		script, etag := served()
		h := w.Header()
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("ETag", etag)
		h.Set("Cache-Control", "public, max-age=3600, stale-while-revalidate=86400")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Access-Control-Allow-Origin", "*") // for <script crossorigin integrity>
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(script))
	})
	a.tell(pattern, "Public", "The script that sites load: page views, form submits, leadflow.track()", "text/javascript", http.StatusOK, http.StatusNotModified)
}
