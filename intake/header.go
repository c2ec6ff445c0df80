package intake

import (
	"maps"
	"slices"
	"strings"
)

// fit checks the mapping against the header of a file, and says how the file was read where it does not: the header
// of a file that is read wrongly fits nothing.
func (m Mapping) fit(ps *Problems, header []string, d dialect) {
	columns := m.columns()
	read := map[string]bool{}
	for _, column := range columns {
		read[column] = true
	}
	before := len(*ps)
	if !slices.ContainsFunc(header, func(name string) bool { return read[name] }) && headless(header) {
		ps.add("file", CodeInvalid, "has no header: its first row holds data; put a row above it that names the columns as the mapping does")
		return
	}
	seen := map[string]bool{}
	for i, name := range header {
		switch {
		case m.Unmapped == unmappedIgnore && !read[name]: // nobody reads it, whatever it is called
		case name == "":
			ps.add("file", CodeInvalid, "column %d has no name; name it, or say unmapped: ignore", i+1)
		case seen[name]:
			ps.add("file", CodeInvalid, "two columns are named %q; rename one of them", name)
		}
		seen[name] = true
	}
	for _, field := range slices.Sorted(maps.Keys(columns)) {
		if !seen[columns[field]] {
			ps.add("mapping."+field, CodeInvalid, "the file has no column %q", columns[field])
		}
	}
	for _, name := range header {
		if m.Unmapped != unmappedIgnore && name != "" && !read[name] {
			ps.add("file", CodeUnknownField, "the mapping does not name column %q; map it, or say unmapped: ignore", name)
		}
	}
	if len(*ps) > before {
		ps.add("file", CodeInvalid, "%s", d.told())
	}
}

// headless reports whether a first row looks like data: a header names no address and is not all numbers.
func headless(row []string) bool {
	numbers := 0
	for _, cell := range row {
		if strings.Contains(cell, "@") {
			return true
		}
		if plainNumber.MatchString(cell) {
			numbers++
		}
	}
	return numbers > 0 && numbers*2 >= len(row)
}
