package demo

import "time"

// act is one thing somebody does, some time after their cycle began: an engagement event, or else a deed.
type act struct {
	after time.Duration
	event string
	with  object
	deed  string
}

func view(after time.Duration, path string) act {
	return act{after: after, event: "page_view", with: object{"path": path}}
}

func load(after time.Duration, kind, name string) act {
	return act{after: after, event: "content_download", with: object{"kind": kind, "name": name}}
}

func happen(after time.Duration, event string) act { return act{after: after, event: event} }

func does(after time.Duration, deed string) act { return act{after: after, deed: deed} }

const (
	s = time.Second
	m = time.Minute
)

// visits make somebody warm and no more: they come back as long as the demo runs.
var visits = []act{
	view(8*s, "/"), view(40*s, "/blog/response-times"), view(70*s, "/product"), view(4*m, "/blog/one-number-to-watch"),
	view(8*m, "/product/integrations"), view(12*m, "/blog/handover-checklist"),
}

var asks = []act{view(6*s, "/"), view(14*s, "/product"), happen(25*s, "demo_request")}

var habits = map[string][]act{
	"nothing": nil,
	"visits":  visits,
	"reads":   append([]act{load(100*s, "whitepaper", "first-response"), happen(6*m, "webinar_registration")}, visits...),
	"asks":    asks,
	"buys": {
		happen(4*s, "ad_click"), view(10*s, "/"), view(22*s, "/product"), load(35*s, "whitepaper", "first-response"),
		happen(55*s, "webinar_registration"), happen(85*s, "webinar_attendance"), view(100*s, "/pricing"),
		happen(105*s, "cta_click"), view(130*s, "/pricing/teams"), load(140*s, "case_study", "halved"), view(150*s, "/product/security"),
	},
	"downloads": {
		load(10*s, "whitepaper", "first-response"), load(20*s, "whitepaper", "benchmark"), load(30*s, "guide", "checklist"),
		load(45*s, "case_study", "halved"), load(60*s, "datasheet", "limits"), load(5*m, "template", "weekly-report"),
	},
	"replies":         append([]act{happen(2*m, "email_reply")}, visits...),
	"unsubscribes":    append([]act{does(100*s, "unsubscribe")}, visits[:3]...),
	"complains":       {view(10*s, "/"), happen(90*s, "complaint")},
	"pauses":          append([]act{does(110*s, "pause")}, visits[:4]...),
	"asks and pauses": append([]act{does(60*s, "pause")}, asks...),
	"erased":          append([]act{does(140*s, "erase")}, visits[:3]...),
}
