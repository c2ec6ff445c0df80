package api

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Themes are the vocabulary by which answers are counted.
type Themes interface {
	Themes(ctx context.Context) ([]record.Theme, error)
	SetTheme(ctx context.Context, t record.Theme) (record.Theme, error)
	// RemoveTheme answers record.ErrNotFound.
	RemoveTheme(ctx context.Context, code string) error
}

type themeBody struct {
	Code  string   `json:"code" doc:"small letters, digits and underscores, 64 at most"`
	Title string   `json:"title,omitempty" doc:"what people read, up to 100 characters; absent: the code"`
	Words []string `json:"words" doc:"1 to 100 words or phrases; a star at the end stands for any end: pric*"`
}

type byCode struct {
	Code string `path:"code" maxLength:"64"`
}

var themeCode = regexp.MustCompile(`^[a-z0-9][a-z0-9_]{0,63}$`)

// Bounds of a theme.
const (
	maxThemeWords = 100
	maxThemeWord  = 60
	maxThemeTitle = 100
)

func (a *API) themes() {
	const path, group = "/v1/themes", "Analytics"
	add(a, route{method: http.MethodGet, path: path, group: group, roles: everybody, summary: "The vocabulary by which answers are counted, all of it"}, func(ctx context.Context, _ *Paged) (*out[record.Page[record.Theme]], error) {
		all, err := a.Themes.Themes(ctx)
		return &out[record.Page[record.Theme]]{record.Page[record.Theme]{Items: all}}, err
	})
	add(a, route{
		method: http.MethodPost, path: path, group: group, roles: planners, body: themeBody{},
		summary: "Make a theme, or change its words; answers of before are counted by them at once",
	}, a.setTheme)
	add(a, route{
		method: http.MethodDelete, path: path + "/{code}", group: group, roles: planners, status: http.StatusNoContent, also: []int{http.StatusNotFound},
		summary: "Take a theme out of the vocabulary",
	}, func(ctx context.Context, in *byCode) (*struct{}, error) {
		return nil, a.Themes.RemoveTheme(ctx, in.Code)
	})
}

func (a *API) setTheme(ctx context.Context, _ *struct{}) (*out[record.Theme], error) {
	var b themeBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	if !themeCode.MatchString(b.Code) {
		c.add("code", "invalid", "must be small letters, digits and underscores, 64 at most")
	}
	if b.Title == "" {
		b.Title = b.Code
	}
	if len(b.Code) <= maxThemeTitle { // else it is said already
		c.text("title", b.Title, maxThemeTitle)
	}
	if len(b.Words) == 0 || len(b.Words) > maxThemeWords {
		c.add("words", "invalid", "must be 1 to 100 words")
	}
	for i, w := range b.Words {
		b.Words[i] = strings.TrimSpace(w)
		if !wordly(b.Words[i]) {
			c.add("words", "invalid", "must be words of up to 60 characters, of letters and digits; a star only at the end")
			break
		}
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	kept, err := a.Themes.SetTheme(ctx, record.Theme{Code: b.Code, Title: b.Title, Words: b.Words})
	return &out[record.Theme]{kept}, err
}

// wordly is what an answer can be searched for: there is something left of it once marks are blanks.
func wordly(w string) bool {
	begin := strings.TrimSuffix(w, "*")
	seen := func(r rune) bool { return (r < 0x80 || r > 0xbf) && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	return utf8.RuneCountInString(w) <= maxThemeWord && !strings.Contains(begin, "*") && strings.ContainsFunc(begin, seen) && !strings.ContainsFunc(w, unicode.IsControl)
}
