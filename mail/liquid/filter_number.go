package liquid

import (
	"errors"
	"math"
)

// arithmetic makes a filter of a function of two numbers. What is no number counts as 0, as in Liquid.
func arithmetic(name string, f func(a, b float64) (float64, error)) filter {
	return filter{1, 1, "| " + name + ": 2", func(v any, args []any) (any, error) {
		a, _ := number(v)
		b, _ := number(args[0])
		n, err := f(a, b)
		if err == nil && (math.IsInf(n, 0) || math.IsNaN(n)) {
			err = errors.New("the number grows too large")
		}
		return n + 0, err // + 0 makes -0 a plain 0
	}}
}

// numeric makes a filter of a function of one number.
func numeric(name string, f func(float64) float64) filter {
	return filter{0, 0, "| " + name, func(v any, _ []any) (any, error) {
		n, _ := number(v)
		return f(n) + 0, nil // + 0 makes -0 a plain 0
	}}
}

var errDivision = errors.New("division by zero")

// divide divides exactly: 10 by 4 is 2.5, and round, floor and ceil say what else is wanted.
func divide(a, b float64) (float64, error) {
	if b == 0 {
		return 0, errDivision
	}
	return a / b, nil
}

func modulo(a, b float64) (float64, error) {
	if b == 0 {
		return 0, errDivision
	}
	return math.Mod(a, b), nil
}

func round(v any, args []any) (any, error) {
	places := 0.0
	if len(args) > 0 {
		places, _ = number(args[0])
		places = max(0, min(10, math.Trunc(places)))
	}
	n, _ := number(v)
	scale := math.Pow(10, places)
	if r := math.Round(n*scale) / scale; !math.IsInf(r, 0) && !math.IsNaN(r) {
		return r + 0, nil // + 0 makes -0 a plain 0
	}
	return n, nil
}
