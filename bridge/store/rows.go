package store

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// maxRows bounds the rows of one statement.
const maxRows = 512

// rows is a change of one row of which many can be one statement of PostgreSQL: that
// costs a fraction of one for each row.
type rows struct {
	one  string // the text for one row
	many string // for an array for each column; gives the first value of each row that was changed
	only bool   // the values need their types, so that PostgreSQL has many for one, too
}

// newChange makes the texts of a change that reads its values from {n}: a table n with
// these columns, such as "id text, at bigint". The first tells the changes apart, and
// returning names it in the table that is changed.
func newChange(columns, text, returning string) *rows {
	var names, arrays, values []string
	for column := range strings.SplitSeq(columns, ",") {
		words := strings.Fields(column)
		names = append(names, words[0])
		values = append(values, "? AS "+words[0])
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", len(names), words[1]))
	}
	from := func(n string) string { return strings.Replace(text, "{n}", n, 1) }
	return &rows{
		one:  from("(SELECT " + strings.Join(values, ", ") + ") n"),
		many: from("unnest("+strings.Join(arrays, ", ")+") n ("+strings.Join(names, ", ")+")") + " RETURNING " + returning,
		only: true,
	}
}

// newRows makes the texts of an insert: conflict is what comes after the values. Where
// there is a condition, only the rows n that it holds for are taken.
func newRows(table, columns, condition, conflict string) *rows {
	names := make([]string, 0, 32)
	for column := range strings.SplitSeq(columns, ",") {
		names = append(names, strings.Fields(column)[0])
	}
	into := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") "
	if condition != "" {
		return newChange(columns, into+"SELECT * FROM {n} WHERE "+condition+" "+conflict, names[0])
	}
	r := newChange(columns, into+"SELECT * FROM {n} "+conflict, names[0])
	r.one, r.only = into+"VALUES ("+marks(len(names))+") "+conflict, false
	return r
}

// asMany tells whether PostgreSQL is sent the text for many rows for a run of n.
func (s statement) asMany(n int) bool { return n > 1 || s.rows != nil && s.rows.only }

// byColumn gives the values of rows by column, each as an array of its type.
func byColumn(all []statement) []any {
	arrays := make([]any, len(all[0].args))
	for i := range arrays {
		switch all[0].args[i].(type) {
		case int64:
			arrays[i] = column[int64](all, i)
		case []byte:
			arrays[i] = column[[]byte](all, i)
		default:
			arrays[i] = column[string](all, i)
		}
	}
	return arrays
}

func column[T any](all []statement, i int) []T {
	values := make([]T, len(all))
	for n, s := range all {
		values[n], _ = s.args[i].(T)
	}
	return values
}

// run is how many of the statements at the beginning can be one: no two of them may
// change the same row.
func run(all []statement) int {
	if all[0].rows == nil {
		return 1
	}
	known := make(map[any]struct{}, min(len(all), maxRows))
	for n, s := range all[:min(len(all), maxRows)] {
		if s.rows != all[0].rows {
			return n
		}
		if _, twice := known[s.args[0]]; twice {
			return n
		}
		known[s.args[0]] = struct{}{}
	}
	return min(len(all), maxRows)
}

// returned reads which statements of a run changed a row.
func returned(results pgx.BatchResults, all []statement, changed []int64) error {
	found, err := results.Query()
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return err
	}
	at := make(map[string]int, len(all))
	for i, s := range all {
		id, _ := s.args[0].(string)
		at[id] = i
	}
	for _, id := range ids {
		changed[at[id]] = 1
	}
	return nil
}
