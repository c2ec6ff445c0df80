package mail

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/mail/liquid"
)

// Brand is how the mails of a house look. The zero value is Leadflow's blue without a name.
type Brand struct {
	Name   string // above the mail, and the logo's alt text; at most 60 characters
	Logo   string // http(s) address of an image that is at most 40 pixels high; needs Name
	Colour string // #rrggbb, of buttons and links; readable shades are made of it
}

// Check refuses what could not be shown. The errors name the variables of the environment.
func (b Brand) Check() error {
	var errs []error
	if liquid.Line(b.Name) != b.Name || utf8.RuneCountInString(b.Name) > 60 {
		errs = append(errs, errors.New("LEADFLOW_BRAND_NAME is not one line of at most 60 characters"))
	}
	if b.Logo != "" {
		if _, err := checkLink(b.Logo); err != nil {
			errs = append(errs, fmt.Errorf("LEADFLOW_BRAND_LOGO %w", err))
		}
		if strings.TrimSpace(b.Name) == "" {
			errs = append(errs, errors.New("LEADFLOW_BRAND_LOGO needs LEADFLOW_BRAND_NAME: it is what people see whose program shows no images"))
		}
	}
	if _, ok := parseColour(b.Colour); b.Colour != "" && !ok {
		errs = append(errs, errors.New("LEADFLOW_BRAND_COLOR is no colour such as #0b57d0"))
	}
	return errors.Join(errs...)
}

// colour is red, green and blue from 0 to 255.
type colour [3]float64

var (
	white, black = colour{255, 255, 255}, colour{0, 0, 0}
	sheetLight   = colour{0xff, 0xff, 0xff}
	sheetDark    = colour{0x1c, 0x21, 0x26}
	houseBlue    = colour{0x0b, 0x57, 0xd0}
)

func parseColour(text string) (c colour, ok bool) {
	digits, found := strings.CutPrefix(text, "#")
	n, err := strconv.ParseUint(digits, 16, 32)
	if !found || len(digits) != 6 || err != nil {
		return c, false
	}
	return colour{float64(n >> 16), float64(n >> 8 & 255), float64(n & 255)}, true
}

func (c colour) hex() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0])), int(math.Round(c[1])), int(math.Round(c[2])))
}

// luminance is relative luminance, 0 to 1: WCAG 2.2, "relative luminance".
func (c colour) luminance() float64 {
	linear := func(v float64) float64 {
		if v /= 255; v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// contrast is the ratio of two colours, 1 to 21: WCAG 2.2, "contrast ratio".
func contrast(a, b colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// readable is the least contrast of text: WCAG 2.2, success criterion 1.4.3.
const readable = 4.5

// towards mixes a colour with another until it can be read on a ground.
func (c colour) towards(other, ground colour) colour {
	for step := 0.0; step < 1; step += 0.05 {
		var mixed colour
		for i := range mixed {
			mixed[i] = math.Round(c[i] + (other[i]-c[i])*step)
		}
		if contrast(mixed, ground) >= readable {
			return mixed
		}
	}
	return other
}

// theme is the colours that a brand comes to, as CSS.
type theme struct {
	Accent   string // buttons, and the line above the mail
	OnAccent string // text on it
	Link     string // on the light sheet
	LinkDark string // on the dark one
}

func (b Brand) theme() theme {
	c, ok := parseColour(b.Colour)
	if !ok {
		c = houseBlue
	}
	on := white
	if contrast(black, c) > contrast(white, c) {
		on = black
	}
	return theme{c.hex(), on.hex(), c.towards(black, sheetLight).hex(), c.towards(white, sheetDark).hex()}
}
