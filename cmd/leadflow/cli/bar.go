package cli

import (
	"fmt"
	"strings"
	"time"
)

// bar tells how far something is: on a terminal in one line that is drawn again, elsewhere in a line for every tenth.
type bar struct {
	t     *tool
	what  string
	wide  int // of the terminal; 0: none
	tenth int // last told
	drawn bool
	note  string // told behind
}

func (t *tool) newBar(what string) *bar { return &bar{t: t, what: what, wide: width(t.Err), tenth: -1} }

// at tells that done of total is done, at so many a second; 0 is unknown. left is the time that remains; 0 is unknown.
func (b *bar) at(done, total int, rate float64, left time.Duration) {
	if total <= 0 {
		return
	}
	done = min(done, total)
	text := fmt.Sprintf("%s: %3d %% (%d of %d)", b.what, done*100/total, done, total)
	if rate > 0 {
		text += fmt.Sprintf(", %.0f a second", rate)
	}
	if left > 0 && done < total {
		text += ", " + short(left) + " left"
	}
	if b.note != "" {
		text += "; " + b.note
	}
	if b.wide > 0 {
		b.draw(done, total, text)
		return
	}
	if tenth := done * 10 / total; tenth > b.tenth {
		b.tenth = tenth
		b.t.tell("%s", text)
	}
}

// draw puts a bar before the text where there is room for both.
func (b *bar) draw(done, total int, text string) {
	const cells = 24
	if b.wide > len(text)+cells+4 {
		full := done * cells / total
		text = "[" + strings.Repeat("#", full) + strings.Repeat(".", cells-full) + "] " + text
	}
	fmt.Fprintf(b.t.Err, "\r%-*.*s", b.wide-1, b.wide-1, text)
	b.drawn = true
}

// end leaves the line.
func (b *bar) end() {
	if b.drawn {
		fmt.Fprintln(b.t.Err)
	}
}
