package desk

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/currency"
)

// decimal is what a numeric(18,2) column holds, less three digits: nobody sells for more than ten trillion.
var decimal = regexp.MustCompile(`^0*(\d{1,13})(?:\.(\d{1,2})0*)?$`)

// ReadAmount reads a JSON text or number as a decimal with two places: 12500, "12500.5" and 1.25e4 are 12500.00,
// 12500.50 and 12500.00. It answers false for negatives, more than two places and more than 13 digits before them.
func ReadAmount(raw json.RawMessage) (string, bool) {
	digits := string(bytes.TrimSpace(raw))
	if strings.HasPrefix(digits, `"`) {
		if json.Unmarshal(raw, &digits) != nil {
			return "", false
		}
		digits = strings.TrimSpace(digits)
	} else if strings.ContainsAny(digits, "eE") && len(digits) <= 32 {
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil || f > 1e13 {
			return "", false
		}
		digits = strconv.FormatFloat(f, 'f', -1, 64)
	}
	m := decimal.FindStringSubmatch(digits)
	if m == nil || len(digits) > 64 {
		return "", false
	}
	return m[1] + "." + (m[2] + "00")[:2], true
}

// ReadCurrency reads an ISO 4217 code. Its codes for "no currency" and "only a test" are none to win a lead in.
func ReadCurrency(code string) (string, bool) {
	code = strings.ToUpper(strings.TrimSpace(code))
	unit, err := currency.ParseISO(code)
	return code, err == nil && unit.String() == code && code != "XXX" && code != "XTS"
}
