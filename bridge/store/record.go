package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Records of the inbox are the values of a statement: what it is for, and each value by
// its kind.
const (
	recordEvent      = 'e' // the values of an insert into events
	recordUnanswered = 'u' // an event's id; see unanswered
)

const (
	valueNull  = 'n'
	valueInt   = 'i'
	valueText  = 't'
	valueBytes = 'b'
)

var errRecord = errors.New("a record of the inbox cannot be read: it was written by another version; start that one once and stop it")

// appendRecord adds the record of some values: texts, bytes, int64s and nils.
func appendRecord(to []byte, kind byte, values []any) []byte {
	to = append(to, kind)
	for _, v := range values {
		switch v := v.(type) {
		case int64:
			to = binary.AppendVarint(append(to, valueInt), v)
		case string:
			to = append(binary.AppendUvarint(append(to, valueText), uint64(len(v))), v...)
		case []byte:
			if v == nil {
				to = append(to, valueNull)
				continue
			}
			to = append(binary.AppendUvarint(append(to, valueBytes), uint64(len(v))), v...)
		default:
			to = append(to, valueNull)
		}
	}
	return to
}

// readRecord reads a record.
func readRecord(r []byte) (kind byte, values []any, err error) {
	if len(r) == 0 {
		return 0, nil, errRecord
	}
	kind, r = r[0], r[1:]
	for len(r) > 0 {
		of := r[0]
		r = r[1:]
		switch of {
		case valueNull:
			values = append(values, nil)
		case valueInt:
			n, size := binary.Varint(r)
			if size <= 0 {
				return 0, nil, errRecord
			}
			values, r = append(values, n), r[size:]
		case valueText, valueBytes:
			length, size := binary.Uvarint(r)
			if size <= 0 || length > math.MaxInt32 || len(r)-size < int(length) {
				return 0, nil, errRecord
			}
			data := r[size : size+int(length)]
			r = r[size+int(length):]
			if of == valueText {
				values = append(values, string(data))
			} else {
				values = append(values, data)
			}
		default:
			return 0, nil, fmt.Errorf("%w (%q)", errRecord, of)
		}
	}
	return kind, values, nil
}
