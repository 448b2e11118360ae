package seed

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// maxItem bounds one record of a file, in bytes.
	maxItem = 1 << 20
	// maxAhead is how much may be read for one record, buffers included.
	maxAhead = 4 * maxItem
)

// decoder reads the next record as one line of JSON, with the line of the file on which it begins. Numbers are
// handed on as they are written. After the last record it returns io.EOF.
type decoder func() (raw json.RawMessage, line int, err error)

// reader returns the decoder for a format. It never holds more than a few records' worth of the file.
func reader(r io.Reader, format string) (decoder, error) {
	b := bufio.NewReader(r)
	if mark, err := b.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = b.Discard(len(mark)) // they are in the buffer
	}
	switch format {
	case "jsonl":
		return readLines(b), nil
	case "json":
		return readArray(b)
	case "csv":
		return readCSV(b)
	}
	return nil, fmt.Errorf("records of the format %q cannot be read: use json, jsonl or csv", format)
}

func readLines(r io.Reader) decoder {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), maxItem+1)
	n := 0
	return func() (json.RawMessage, int, error) {
		for sc.Scan() {
			n++
			if line := bytes.TrimSpace(sc.Bytes()); len(line) > 0 {
				raw, err := compact(line)
				return raw, n, err
			}
		}
		switch err := sc.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			return nil, n + 1, errTooLong
		case err != nil:
			return nil, n + 1, err
		}
		return nil, n, io.EOF
	}
}

var errTooLong = fmt.Errorf("one record has more than %d bytes", maxItem)

func readArray(r io.Reader) (decoder, error) {
	src := &counted{r: r, left: maxAhead, line: 1}
	d := json.NewDecoder(src)
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, errors.New("the file must hold one JSON array of objects")
	}
	return func() (json.RawMessage, int, error) {
		src.left = maxAhead
		if !d.More() {
			if _, err := d.Token(); err != nil {
				return nil, src.lineAt(d.InputOffset()), fmt.Errorf("the array does not end: %w", noEOF(err))
			}
			return nil, src.lineAt(d.InputOffset()), io.EOF
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, src.lineAt(d.InputOffset()), noEOF(err)
		}
		line := src.lineAt(d.InputOffset() - int64(len(raw)))
		out, err := compact(raw)
		return out, line, err
	}, nil
}

// counted ends with an error when one record takes too much, and knows on which line an offset is.
type counted struct {
	r    io.Reader
	left int // bytes that may still be read for this record

	ahead []byte // what was read from the offset at on
	at    int64
	line  int // of the offset at
}

func (c *counted) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooLong
	}
	n, err := c.r.Read(p[:min(len(p), c.left)])
	c.left -= n
	c.ahead = append(c.ahead, p[:n]...)
	return n, err
}

// lineAt returns the line of the first byte at an offset or after it that is neither space nor a comma. Offsets only grow.
func (c *counted) lineAt(offset int64) int {
	n := min(max(int(offset-c.at), 0), len(c.ahead))
	for n < len(c.ahead) && strings.IndexByte(" \t\r\n,", c.ahead[n]) >= 0 {
		n++
	}
	c.line += bytes.Count(c.ahead[:n], []byte{'\n'})
	c.ahead = append(c.ahead[:0], c.ahead[n:]...)
	c.at += int64(n)
	return c.line
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func compact(raw []byte) (json.RawMessage, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func readCSV(r io.Reader) (decoder, error) {
	src := &counted{r: r, left: maxAhead}
	c := csv.NewReader(src)
	head, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("the first line must name the fields: %w", noEOF(err))
	}
	names, err := fieldNames(head)
	if err != nil {
		return nil, err
	}
	c.ReuseRecord = true
	return func() (json.RawMessage, int, error) {
		src.left, src.ahead = maxAhead, src.ahead[:0]
		row, err := c.Read()
		if err != nil {
			return csvFailed(err, len(row), len(names))
		}
		line, _ := c.FieldPos(0)
		b := []byte{'{'}
		for i, cell := range row {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(b, names[i]...), ':')
			if b, err = appendCell(b, cell); err != nil {
				return nil, line, err
			}
		}
		return append(b, '}'), line, nil
	}, nil
}

// fieldNames reads the first line of CSV.
func fieldNames(head []string) ([][]byte, error) {
	names, seen := make([][]byte, len(head)), map[string]bool{}
	for i, h := range head {
		h = strings.TrimSpace(h)
		switch {
		case h == "":
			return nil, fmt.Errorf("the first line must name the fields: column %d has no name", i+1)
		case seen[h]:
			return nil, fmt.Errorf("the first line must name the fields: the name %q is there twice", h)
		}
		seen[h] = true
		name, err := json.Marshal(h)
		if err != nil {
			return nil, fmt.Errorf("name %q: %w", h, err)
		}
		names[i] = name
	}
	return names, nil
}

// csvFailed says what is wrong with a row, and where.
func csvFailed(err error, cells, columns int) (json.RawMessage, int, error) {
	var p *csv.ParseError
	switch {
	case !errors.As(err, &p):
		return nil, 0, err
	case errors.Is(err, csv.ErrFieldCount):
		return nil, p.StartLine, fmt.Errorf("it has %d cells, and the first line names %d fields", cells, columns)
	case p.Line != p.StartLine:
		return nil, p.StartLine, fmt.Errorf("line %d, column %d: %w", p.Line, p.Column, p.Err)
	}
	return nil, p.StartLine, fmt.Errorf("column %d: %w", p.Column, p.Err)
}

// appendCell writes a cell as JSON. What reads as a number, true or false is one; all else is text.
func appendCell(b []byte, cell string) ([]byte, error) {
	if cell == "true" || cell == "false" {
		return append(b, cell...), nil
	}
	if cell != "" && (cell[0] == '-' || cell[0] >= '0' && cell[0] <= '9') && json.Valid([]byte(cell)) {
		return append(b, strings.TrimRight(cell, " \t\r\n")...), nil
	}
	q, err := json.Marshal(cell)
	if err != nil {
		return nil, fmt.Errorf("cell %s: %w", strconv.Quote(cell), err)
	}
	return append(b, q...), nil
}
