package schedule

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

var (
	aroundDash = regexp.MustCompile(`\s*[-–]\s*`)
	beforeNoon = regexp.MustCompile(`(?i)(\d)\s+([ap]m)\b`)
	timeOfDay  = regexp.MustCompile(`^(\d{1,2}):(\d\d)$`)
	timeAlike  = regexp.MustCompile(`(?i)^(\d{1,2}?)(?:[:.h]?(\d\d))?(?::00)?(h|am|pm)?$`)
)

// split returns the words of a text. A range is one word.
func split(text string) []string {
	text = beforeNoon.ReplaceAllString(aroundDash.ReplaceAllString(text, "-"), "$1$2")
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// parseTime parses a time of day. The result is the time since midnight.
func parseTime(word string) (time.Duration, error) {
	if m := timeOfDay.FindStringSubmatch(word); m != nil {
		hour, _ := strconv.Atoi(m[1])
		minute, _ := strconv.Atoi(m[2])
		if hour < 24 && minute < 60 {
			return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute, nil
		}
	}
	return 0, fmt.Errorf("%q is not a time of day; write hours and minutes, such as 08:00 or 16:30%s", word, didYouMean(guessTime(word)))
}

func formatTime(sinceMidnight time.Duration) string {
	return time.Time{}.Add(sinceMidnight).Format("15:04")
}

// guessTime returns the time that a mistyped word probably means, or "".
func guessTime(word string) string {
	m := timeAlike.FindStringSubmatch(word)
	if m == nil {
		return ""
	}
	hour, _ := strconv.Atoi(m[1])
	minute, _ := strconv.Atoi("0" + m[2])
	half := strings.ToLower(m[3])
	switch twelve := half == "am" || half == "pm"; {
	case minute > 59 || hour > 24 || hour == 24 && minute > 0 || twelve && (hour < 1 || hour > 12):
		return ""
	case twelve:
		hour %= 12
	}
	if half == "pm" {
		hour += 12
	}
	return fmt.Sprintf("%02d:%02d", hour%24, minute)
}

// areas are the areas of the time zone database in which people live.
var areas = [...]string{"Europe", "America", "Asia", "Africa", "Australia", "Pacific", "Atlantic", "Indian"}

// parseZone parses the name of a time zone. "" is fallback.
func parseZone(name string, fallback *time.Location) (*time.Location, error) {
	switch {
	case name != "":
		if zone := loadZone(name); zone != nil {
			return zone, nil
		}
		return nil, fmt.Errorf("no time zone %q; write a name such as Europe/Berlin or UTC%s", name, didYouMean(guessZone(name)))
	case fallback != nil:
		return fallback, nil
	}
	return time.UTC, nil
}

// loadZone returns nil for an unknown zone. "Local" is unknown, because it depends on the
// machine.
func loadZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil || zone == time.Local {
		return nil
	}
	return zone
}

// guessZone returns the zone that a text probably means, or "": a zone in another
// spelling, or the zone of a city.
func guessZone(name string) string {
	name = strings.ReplaceAll(name, " ", "_")
	city := capitals(name)
	guesses := []string{strings.ToUpper(name), city}
	for _, area := range areas {
		guesses = append(guesses, area+"/"+city)
	}
	for _, guess := range guesses {
		if loadZone(guess) != nil {
			return guess
		}
	}
	return ""
}

// capitals capitalises every word of a name.
func capitals(name string) string {
	letters := []rune(strings.ToLower(name))
	for i, r := range letters {
		if i == 0 || slices.Contains([]rune("/_-"), letters[i-1]) {
			letters[i] = unicode.ToUpper(r)
		}
	}
	return string(letters)
}

func didYouMean(guess string) string {
	if guess == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", guess)
}
