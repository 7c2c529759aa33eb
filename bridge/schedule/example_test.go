package schedule_test

import (
	"fmt"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/schedule"
)

func ExampleNewAt() {
	weekly, err := schedule.NewAt("8:00 Monday", time.UTC)
	if err != nil {
		fmt.Println(err) // what to write instead
		return
	}
	now := time.Date(2025, 6, 4, 12, 0, 0, 0, time.UTC)
	fmt.Println(weekly, "next:", weekly.Next(now).Format(time.RFC1123))

	_, err = schedule.NewAt("08:00 mo", time.UTC)
	fmt.Println(err)
	// Output:
	// 08:00 mon UTC next: Mon, 09 Jun 2025 08:00:00 UTC
	// "mo" is not a day; write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri; did you mean "mon"?
}

func ExampleAt_Next() {
	nightly, err := schedule.NewAt("02:30 Europe/Berlin", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	at := time.Date(2025, 3, 28, 12, 0, 0, 0, time.UTC)
	for range 3 {
		at = nightly.Next(at)
		fmt.Println(at)
	}
	// Output:
	// 2025-03-29 02:30:00 +0100 CET
	// 2025-03-30 03:00:00 +0200 CEST
	// 2025-03-31 02:30:00 +0200 CEST
}

func ExampleQuiet_Until() {
	quiet, err := schedule.NewQuiet("20:00-07:00", "sat,sun", "Europe/Berlin", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	friday := time.Date(2025, 6, 6, 21, 15, 0, 0, time.UTC)
	end, is := quiet.Until(friday)
	fmt.Println(is, end)
	_, is = quiet.Until(end)
	fmt.Println(is)
	// Output:
	// true 2025-06-09 07:00:00 +0200 CEST
	// false
}
