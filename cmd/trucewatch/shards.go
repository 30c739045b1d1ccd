// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"

	"github.com/trucewatch/trucewatch/associate"
)

// errUnanswered stands for an empty answer: the shard refused the piece.
var errUnanswered = errors.New("no answer")

// A shard is a machine that works out pieces: a command that reads them on its
// standard input and answers on its output, each a line of base64 (RFC 4648). It
// begins with its version, for another one may answer otherwise.
type shard struct {
	command string
	to      *bufio.Writer
	from    *bufio.Scanner
	close   func() error
	lost    error
}

// shards are all machines at work.
type shards struct {
	all  []*shard
	warn io.Writer
}

// startShards starts the command of each shard. One that does not come up is lost.
func startShards(commands []string, t terminal) *shards {
	s := &shards{warn: t.err}
	for _, command := range commands {
		one := &shard{command: command}
		s.all = append(s.all, one)
		if err := one.start(t.err); err != nil {
			s.lose(one, err)
		}
	}
	return s
}

func (s *shard) start(errs io.Writer) error {
	cmd := exec.Command("sh", "-c", s.command)
	cmd.Stderr = errs
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.to, s.from = bufio.NewWriter(in), newLines(out)
	s.close = func() error { return errors.Join(in.Close(), cmd.Wait()) }
	version, err := readFrame(s.from)
	if err != nil {
		return fmt.Errorf("read its version: %w", err)
	}
	if string(version) != versionText() {
		return fmt.Errorf("it is %q, this is %q", version, versionText())
	}
	return nil
}

// lose says once that a shard is lost.
func (s *shards) lose(one *shard, err error) {
	one.lost = err
	fmt.Fprintf(s.warn, "associate: shard %q is lost, its work is done here: %v\n", one.command, err)
}

// ask has the pieces worked out by the shards of their cells.
func (s *shards) ask(pieces []associate.Piece) [][]byte {
	answers := make([][]byte, len(pieces))
	own := make([][]int, len(s.all))
	for i := range pieces {
		k := pieces[i].Shard(len(s.all))
		own[k] = append(own[k], i)
	}
	errs := make([]error, len(s.all))
	var done sync.WaitGroup
	for k, one := range s.all {
		if one.lost == nil && len(own[k]) > 0 {
			done.Go(func() { errs[k] = one.work(pieces, own[k], answers) })
		}
	}
	done.Wait()
	for k, err := range errs {
		if err != nil {
			s.lose(s.all[k], err)
		}
	}
	return answers
}

// work sends the pieces that are the shard's own and reads its answers.
func (s *shard) work(pieces []associate.Piece, own []int, answers [][]byte) error {
	var sent error
	var done sync.WaitGroup
	done.Go(func() {
		for _, i := range own {
			if sent = writeFrame(s.to, pieces[i].Body); sent != nil {
				return
			}
		}
		sent = s.to.Flush()
	})
	var err error
	for _, i := range own {
		if answers[i], err = readFrame(s.from); err != nil && !errors.Is(err, errUnanswered) {
			break
		}
		err = nil
	}
	if err != nil {
		s.close() // ends the writer too; the first error says what is wrong
	}
	done.Wait()
	return errors.Join(err, sent)
}

// stop ends the shards.
func (s *shards) stop() {
	for _, one := range s.all {
		if one.lost == nil {
			one.close() // its answers are here, how it ends does not matter
		}
	}
}

func writeFrame(w io.Writer, b []byte) error {
	_, err := w.Write(append(base64.StdEncoding.AppendEncode(nil, b), '\n'))
	return err
}

// readFrame reads a frame; errUnanswered if it is empty.
func readFrame(lines *bufio.Scanner) ([]byte, error) {
	if !lines.Scan() {
		return nil, cmp.Or(lines.Err(), io.EOF)
	}
	if len(lines.Bytes()) == 0 {
		return nil, errUnanswered
	}
	return base64.StdEncoding.AppendDecode(nil, lines.Bytes())
}

func newLines(r io.Reader) *bufio.Scanner {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<20), lineMax)
	return lines
}

// workForOthers is a shard: it answers each piece of t.in on t.out until the end.
func workForOthers(t terminal) error {
	if err := writeFrame(t.out, []byte(versionText())); err != nil {
		return err
	}
	lines, w := newLines(t.in), associate.NewWorker()
	for {
		piece, err := readFrame(lines)
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("associate: read a piece: %w", err)
		}
		answer, err := w.Work(piece)
		if err != nil {
			fmt.Fprintln(t.err, "associate:", err)
		}
		if err := writeFrame(t.out, answer); err != nil {
			return err
		}
	}
}
