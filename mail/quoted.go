package mail

// quotedLine is how long a line of quoted-printable gets, its soft line break included (RFC 2045, 6.7).
const quotedLine = 76

// appendQuoted appends text in quoted-printable as mime/quotedprintable writes it, a stretch at a time where that one goes
// byte by byte. Lines end with \n. What one line becomes does not depend on the others, so lines may be encoded apart.
func appendQuoted(dst []byte, text string) []byte {
	const digits = "0123456789ABCDEF"
	filled := 0 // of the line
	for i := 0; i < len(text); {
		c := text[i]
		if c == '\n' {
			dst, filled = append(dst, '\r', '\n'), 0
			i++
			continue
		}
		if unquoted[c] {
			n := 1
			for most := min(len(text)-i, quotedLine-1-filled); n < most && unquoted[text[i+n]]; {
				n++
			}
			last := i + n
			ends := last == len(text) || text[last] == '\n'
			if white := text[last-1] == ' ' || text[last-1] == '\t'; !white || !ends {
				if filled == quotedLine-1 {
					dst, filled = append(dst, '=', '\r', '\n'), 0
					continue
				}
				dst, filled = append(dst, text[i:last]...), filled+n
				i = last
				continue
			}
			// White space at the end of a line is lost on the way, so it is encoded.
			if n > 1 {
				dst, filled = append(dst, text[i:last-1]...), filled+n-1
				i = last - 1
				continue
			}
		}
		if quotedLine-1-filled < 3 {
			dst, filled = append(dst, '=', '\r', '\n'), 0
		}
		dst, filled = append(dst, '=', digits[c>>4], digits[c&15]), filled+3
		i++
	}
	return dst
}

// unquoted are the bytes that stand for themselves.
var unquoted = func() (t [256]bool) {
	for c := '!'; c <= '~'; c++ {
		t[c] = c != '='
	}
	t[' '], t['\t'] = true, true
	return t
}()
