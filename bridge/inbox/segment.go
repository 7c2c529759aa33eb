package inbox

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A segment's file begins with a header: what it is, the log's number, the segment's
// number, and the checksum of these. Frames follow, each a group: the log's number, the
// length of the payload, the checksum, and the payload, which is the records with their
// lengths before them. Files are written over, so that what is after the last frame may be
// frames of an older segment: the checksum covers the segment's number and the frame's
// offset, and does not fit there.
const (
	magic       = "absorb-bridge inbox 1\n\x00\x00"
	headerSize  = 64
	frameHeader = 16
)

// errNoFrame is returned where no whole frame begins: at the end, or where the file is
// damaged.
var errNoFrame = errors.New("no frame is here")

// segment is one file of a log.
type segment struct {
	log    int64
	number int64
	file   File
	end    int64 // offset after the last frame
}

func (s *segment) position() Position { return Position{s.log, s.number, s.end} }

// header is what the file begins with.
func (s *segment) header() []byte {
	h := make([]byte, headerSize)
	n := copy(h, magic)
	binary.LittleEndian.PutUint64(h[n:], uint64(s.log))
	binary.LittleEndian.PutUint64(h[n+8:], uint64(s.number))
	binary.LittleEndian.PutUint32(h[headerSize-4:], checksum(0, h[:headerSize-4]))
	return h
}

// readHeader reads a file's header; false when there is none.
func readHeader(file File) (s segment, ok bool) {
	h := make([]byte, headerSize)
	if _, err := file.ReadAt(h, 0); err != nil || !bytes.HasPrefix(h, []byte(magic)) {
		return s, false
	}
	s = segment{log: int64(binary.LittleEndian.Uint64(h[len(magic):])), number: int64(binary.LittleEndian.Uint64(h[len(magic)+8:])), file: file, end: headerSize}
	return s, binary.LittleEndian.Uint32(h[headerSize-4:]) == checksum(0, h[:headerSize-4])
}

func checksum(before uint32, data []byte) uint32 {
	return crc32.Update(before, crc32.MakeTable(crc32.Castagnoli), data)
}

// seal is the checksum of a frame at an offset.
func (s *segment) seal(offset int64, payload []byte) uint32 {
	var place [16]byte
	binary.LittleEndian.PutUint64(place[:], uint64(s.number))
	binary.LittleEndian.PutUint64(place[8:], uint64(offset))
	return checksum(checksum(0, place[:]), payload)
}

// write writes a frame, whose header is filled in, after the last one, and syncs it. If
// that fails the next one is written in its place.
func (s *segment) write(frame []byte) (end int64, err error) {
	payload := frame[frameHeader:]
	binary.LittleEndian.PutUint64(frame, uint64(s.log))
	binary.LittleEndian.PutUint32(frame[8:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(frame[12:], s.seal(s.end, payload))
	if _, err := s.file.WriteAt(frame, s.end); err != nil {
		return 0, err
	}
	return s.end + int64(len(frame)), s.file.Sync()
}

// read gives the records from an offset on, about so many bytes of them, and the offset
// after them. What is damaged is left out.
func (s *segment) read(from int64, most int) (records [][]byte, next int64, err error) {
	in := bufio.NewReader(io.NewSectionReader(s.file, from, s.end-from))
	for next = from; most > 0 && next < s.end; {
		payload, err := s.frame(in, next)
		if errors.Is(err, errNoFrame) {
			if next = s.search(next + 1); next < s.end {
				in.Reset(io.NewSectionReader(s.file, next, s.end-next))
			}
			continue
		}
		if err != nil {
			return records, next, fmt.Errorf("read %s: %w", s.file.Name(), err)
		}
		next += frameHeader + int64(len(payload))
		most -= len(payload)
		for len(payload) > 0 {
			size, n := binary.Uvarint(payload)
			records = append(records, payload[n:n+int(size)])
			payload = payload[n+int(size):]
		}
	}
	return records, next, nil
}

// frame reads the frame that begins at an offset, where the reader is.
func (s *segment) frame(in io.Reader, offset int64) (payload []byte, err error) {
	var h [frameHeader]byte
	if _, err = io.ReadFull(in, h[:]); err != nil {
		return nil, cut(err)
	}
	size := int64(binary.LittleEndian.Uint32(h[8:]))
	if int64(binary.LittleEndian.Uint64(h[:])) != s.log || offset+frameHeader+size > s.end {
		return nil, errNoFrame
	}
	payload = make([]byte, size)
	if _, err = io.ReadFull(in, payload); err != nil {
		return nil, cut(err)
	}
	if binary.LittleEndian.Uint32(h[12:]) != s.seal(offset, payload) {
		return nil, errNoFrame
	}
	return payload, nil
}

// cut says that a frame which the file does not have as a whole is none.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errNoFrame
	}
	return err
}

// search gives the offset of the first frame from an offset on; the end when there is
// none, or when the file cannot be read.
func (s *segment) search(from int64) int64 {
	mark := binary.LittleEndian.AppendUint64(nil, uint64(s.log))
	window := make([]byte, 64<<10)
	for from < s.end {
		n, err := s.file.ReadAt(window[:min(int64(len(window)), s.end-from)], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return s.end
		}
		at := bytes.Index(window[:n], mark)
		switch {
		case at >= 0:
			from += int64(at)
			if _, err := s.frame(io.NewSectionReader(s.file, from, s.end-from), from); err == nil {
				return from
			}
			from++
		case n < len(mark):
			return s.end
		default:
			from += int64(n - len(mark) + 1) // the mark may begin at the end of the window
		}
	}
	return s.end
}

// findEnd finds the offset after the last whole frame, and how many bytes are damaged
// between an offset and it.
func (s *segment) findEnd(from int64) (damaged int64, err error) {
	if s.end, err = s.file.Size(); err != nil {
		return 0, err
	}
	offset := max(from, headerSize)
	in := bufio.NewReader(io.NewSectionReader(s.file, offset, max(0, s.end-offset)))
	for offset < s.end {
		payload, err := s.frame(in, offset)
		if err == nil {
			offset += frameHeader + int64(len(payload))
			continue
		}
		if !errors.Is(err, errNoFrame) {
			return damaged, fmt.Errorf("read %s: %w", s.file.Name(), err)
		}
		found := s.search(offset + 1)
		if found == s.end {
			break
		}
		damaged += found - offset
		offset = found
		in.Reset(io.NewSectionReader(s.file, offset, s.end-offset))
	}
	s.end = offset
	return damaged, nil
}
