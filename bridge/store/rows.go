package store

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// maxRows bounds the rows of one statement.
const maxRows = 512

// rows is an insert of which many can be one statement of PostgreSQL: that costs a
// fraction of one for each row.
type rows struct {
	one  string // the text for one row
	many string // for an array for each column; gives the first column of the rows that were inserted
	only bool   // not every row is taken: its values need their types, so that PostgreSQL has many for one, too
}

// newRows makes the texts. columns has their types, such as "id text, at bigint", the
// first tells the rows apart, and conflict is what comes after the values. Where there
// is a condition, only the rows n that it holds for are taken.
func newRows(table, columns, condition, conflict string) *rows {
	var names, arrays, values []string
	for column := range strings.SplitSeq(columns, ",") {
		words := strings.Fields(column)
		names = append(names, words[0])
		values = append(values, "? AS "+words[0])
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", len(names), words[1]))
	}
	into := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") "
	unnest := into + "SELECT * FROM unnest(" + strings.Join(arrays, ", ") + ") "
	if condition != "" {
		where := "WHERE " + condition + " " + conflict
		return &rows{
			one:  into + "SELECT * FROM (SELECT " + strings.Join(values, ", ") + ") n " + where,
			many: unnest + "n (" + strings.Join(names, ", ") + ") " + where + " RETURNING " + names[0],
			only: true,
		}
	}
	return &rows{
		one:  into + "VALUES (" + marks(len(names)) + ") " + conflict,
		many: unnest + conflict + " RETURNING " + names[0],
	}
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

// run is how many of the statements at the beginning can be one.
func run(all []statement) int {
	n := 1
	for all[0].rows != nil && n < len(all) && n < maxRows && all[n].rows == all[0].rows {
		n++
	}
	return n
}

// inserted reads which rows of a run were inserted.
func inserted(results pgx.BatchResults, all []statement, changed []int64) error {
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
