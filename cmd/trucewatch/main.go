// SPDX-License-Identifier: Apache-2.0

// Command trucewatch monitors and verifies a ceasefire. A mission is a folder;
// see "trucewatch --help".
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// Exit codes. Scripts may rely on them.
const (
	exitOK     = 0
	exitFailed = 1 // the command could not do what was asked; the message says why
	exitFound  = 2 // it could, and what it checked is not sound: verify, agreement check
	exitSplit  = 3 // two histories of one record were found; the evidence is in a file
	exitUsage  = 64
)

const description = `trucewatch monitors and verifies a ceasefire: it records observations so that
nobody can change them unseen, says which belong to one incident and how sure that is, holds each incident
against the agreement, gives reasons, and publishes to each audience what it may see.

Begin with:  trucewatch demo

Exit codes: 0 done; 1 could not be done, the message says why; 2 checked and not sound (verify, agreement check, mirror);
3 the record's key signed two histories, evidence was written (verify, mirror); 64 the command line was not understood.`

// commands is the command line. The texts are what a newcomer reads.
type commands struct {
	Demo      demoCommand      `cmd:"" help:"Load the example missions, print what they show, and serve them on this machine."`
	Init      initCommand      `cmd:"" help:"Set up a mission folder."`
	Import    importCommand    `cmd:"" help:"Read files of observations, tallies, statements or notifications into a mission."`
	Serve     serveCommand     `cmd:"" help:"Serve pages and JSON of missions; by default to this machine only."`
	Report    reportCommand    `cmd:"" help:"Write a daily report."`
	Serving   caseCommand      `cmd:"" name:"case" help:"List cases, or serve one on the parties, which starts its clocks."`
	Review    reviewCommand    `cmd:"" help:"Confirm or withdraw a finding."`
	Enter     enterCommand     `cmd:"" help:"Enter what was done about cases: answers, calls, requests, visits, votes, notices' steps, orders, watches, inventories."`
	Release   releaseCommand   `cmd:"" help:"Make findings public after the delay that the agreement sets."`
	Explain   explainCommand   `cmd:"" help:"Say why a finding is as it is, or why it is not another."`
	Recount   recountCommand   `cmd:"" help:"Count a period again, under one rule or under each."`
	Feedback  feedbackCommand  `cmd:"" help:"What may be told to who reported something, by the code that he was given."`
	Compare   compareCommand   `cmd:"" help:"Compare two tallies, or say why they cannot be compared."`
	Replay    replayCommand    `cmd:"" help:"Recompute a mission from its record."`
	Verify    verifyCommand    `cmd:"" help:"Check that a mission's record is sound; changes nothing. Exit code 2 if it is not, 3 if there are two histories of it."`
	Key       keyCommand       `cmd:"" help:"Make, register, end or list signing keys."`
	Role      roleCommand      `cmd:"" help:"Make a role that opens boxes, and say which roles open what."`
	Policy    policyCommand    `cmd:"" help:"Who co-signs the record, and who must agree to what."`
	Sign      signCommand      `cmd:"" help:"Sign observations as a device does: many rows, one signature."`
	Submit    submitCommand    `cmd:"" help:"Record what devices or officers signed."`
	Erase     eraseCommand     `cmd:"" help:"Destroy sealed content by warrant of two officers; every proof still holds."`
	Persons   personsCommand   `cmd:"" help:"Read what names people in an entry; that it was read is recorded first."`
	Witness   witnessCommand   `cmd:"" help:"Run a witness, which co-signs the record so that nobody can be shown another one."`
	Mirror    mirrorCommand    `cmd:"" help:"Keep a full copy of the record, and rebuild a lost one from it."`
	Exhibit   exhibitCommand   `cmd:"" help:"Prove one observation or finding in one file, check such a file, look up the code of a report."`
	Openings  openingsCommand  `cmd:"" help:"Hand a party the coarse fields of sealed observations after the agreement's delay; prove what was handed out."`
	Agreement agreementCommand `cmd:"" help:"Check or show an agreement."`
	Anchor    anchorCommand    `cmd:"" help:"Have a foreign authority vouch for when the record stood as it does."`
	Evidence  evidenceCommand  `cmd:"" help:"Keep evidence and its chain of custody; cut, and check, parts of it that prove themselves."`
	Associate associateCommand `cmd:"" help:"Filter: recorded observations in, dossiers of incidents out (JSON lines)."`
	Judge     judgeCommand     `cmd:"" help:"Filter: dossiers in, dossiers with findings out (JSON lines)."`
	Casework  caseworkCommand  `cmd:"" help:"Filter: dossiers with findings in, cases out (JSON lines)."`
	Disclose  discloseCommand  `cmd:"" help:"Filter: dossiers with findings in, what an audience may see out (JSON lines)."`
	Simulate  simulateCommand  `cmd:"" help:"Make a simulated world whose truth is known; recorded observations out (JSON lines)."`
	Score     scoreCommand     `cmd:"" help:"Hold the results of associators against a truth, ours and others'."`
	Exercise  exerciseCommand  `cmd:"" help:"Play a script into an exercise, and say what came of it."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// A terminal is where a command reads and writes.
type terminal struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// errFound makes the command end with exitFound; its message was printed.
var errFound = errors.New("not sound")

// errSplit makes the command end with exitSplit; its message was printed.
var errSplit = errors.New("two histories of one record")

// gcPercent is how much garbage may lie beside what is in use, in percent of it.
// Nearly all in use is the state of a mission, which stays: at Go's usual 100
// the largest real input takes more than 1 GiB.
// Guess: 70 takes 0.9 GiB and a few percent more time. Test: make bench.
const gcPercent = 70

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run(os.Args[1:], terminal{os.Stdin, os.Stdout, os.Stderr}))
}

func run(args []string, t terminal) int {
	t.out, t.err = &harmless{to: t.out}, &harmless{to: t.err}
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("trucewatch"), kong.Description(description), kong.Writers(t.out, t.err),
		kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}))
	if err != nil {
		panic(err) // the command line itself is wrong: any test finds it
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(t.err, "trucewatch: %v\nSee trucewatch --help.\n", err)
		return exitUsage
	}
	switch err := ctx.Run(t); {
	case err == nil:
		return exitOK
	case errors.Is(err, errFound):
		return exitFound
	case errors.Is(err, errSplit):
		return exitSplit
	default:
		fmt.Fprintf(t.err, "trucewatch: %v\n", err)
		return exitFailed
	}
}
