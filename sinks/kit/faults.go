package kit

import "errors"

// Faults collects what is wrong with a sink's settings. They stay in the order in which
// they are found, so look at the settings one after the other, never in the order of a
// map: the same settings then always give the same list.
type Faults []error

// Add adds errors, such as those of another check. It ignores nil.
func (f *Faults) Add(errs ...error) { *f = append(*f, errs...) }

// If adds a fault of a setting when the setting is wrong.
func (f *Faults) If(wrong bool, key, format string, args ...any) {
	if wrong {
		f.Add(Setting(key, format, args...))
	}
}

// Err joins the faults. It is nil when there are none.
func (f *Faults) Err() error { return errors.Join(*f...) }
