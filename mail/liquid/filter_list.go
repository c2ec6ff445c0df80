package liquid

import (
	"strings"
	"unicode/utf8"
)

func size(v any, _ []any) (any, error) {
	if list, ok := v.([]string); ok {
		return float64(len(list)), nil
	}
	return float64(utf8.RuneCountInString(text(v))), nil
}

// item is the i-th text of a list, the last for -1. A text stands for a list of one.
func item(v any, i int) any {
	list, ok := v.([]string)
	if !ok {
		return v
	}
	if len(list) == 0 {
		return nil
	}
	if i < 0 {
		i = len(list) - 1
	}
	return list[i]
}

func join(v any, args []any) (any, error) {
	list, ok := v.([]string)
	if !ok {
		return v, nil
	}
	between := " "
	if len(args) > 0 {
		between = text(args[0])
	}
	if total := len(between) * len(list); total > maxText {
		return nil, errTooLong
	}
	return strings.Join(list, between), nil
}
