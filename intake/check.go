package intake

import (
	"time"

	"golang.org/x/text/language"
)

// Check names everything that is wrong with an input, keeping nothing: for doors that found something wrong themselves
// and want to say all of it at once.
func (s *Service) Check(in Input, by By) Problems {
	_, ps := s.normalize(in, by)
	return ps
}

// KnownZone reports whether a name is that of a time zone, such as Europe/Berlin.
func KnownZone(name string) bool {
	if name == "" || name == "Local" {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// Language is a BCP 47 tag in its usual spelling.
func Language(text string) (string, bool) {
	tag, err := language.Parse(text)
	return tag.String(), err == nil
}
