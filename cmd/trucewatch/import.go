// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
	"github.com/trucewatch/trucewatch/mission"
)

type importCommand struct {
	Mission  string   `arg:"" help:"Mission folder."`
	File     []string `arg:"" help:"Files to read; gzip is recognised."`
	Format   string   `required:"" help:"Format of the files: firms, missiontable, native, notifications, statements, table (CSV or XLSX with --map) or tally."`
	Map      string   `help:"Mapping file for the format table." placeholder:"FILE"`
	Zone     string   `help:"Zone of local times that the file does not state: a name of the zone database or EET, EEST, UTC ... Never guessed."`
	Preview  bool     `help:"Show how the first rows will be read, and record nothing."`
	Progress string   `help:"auto: a bar on a terminal; none; json: {acked, index} after each sync, and what came of each file." enum:"auto,none,json" default:"auto"`
	Source   string   `help:"Identifier of the source, where the format has none of its own."`
	Kind     string   `help:"Kind of the source: patrol, post, camera, uav, sensor, satellite, person, party, agency, mission or press."`
	Name     string   `help:"Name of the source."`
	Party    string   `help:"Whose source it is: a party's letter."`
	Licence  string   `help:"Licence of the data."`
}

// previewRows is how many rows a preview shows.
const previewRows = 10

func (c *importCommand) Run(t terminal) error {
	format, err := mission.FormatNamed(c.Format)
	if err != nil {
		return err
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	options, err := c.options(m)
	if err != nil {
		return err
	}
	if c.Preview {
		return c.preview(t, format, options)
	}
	err = m.Write(func(w *mission.Writer) error {
		for _, name := range c.File {
			if err := c.one(t, w, format, options, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = mission.UpdateIndex(c.Mission, trucewatch.ForMission)
	return err
}

func (c *importCommand) options(m *mission.Mission) (intake.Options, error) {
	o := intake.Options{Zone: c.Zone, Source: trucewatch.Source{ID: trucewatch.SourceID(c.Source), Kind: trucewatch.SourceKind(c.Kind),
		Name: c.Name, Party: trucewatch.PartyID(c.Party), Licence: c.Licence}}
	var err error
	if o.Gazetteer, err = m.Gazetteer(); err != nil {
		return o, err
	}
	if c.Map != "" {
		data, err := os.ReadFile(c.Map)
		if err != nil {
			return o, err
		}
		if o.Map, err = intake.ParseMapping(c.Map, data); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (c *importCommand) preview(t terminal, format intake.Format, o intake.Options) error {
	enc := json.NewEncoder(t.out)
	enc.SetIndent("", "  ")
	for _, name := range c.File {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		o.File = name
		rows, err := intake.Preview(format, o, f, previewRows)
		f.Close()
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "%s: the first %d rows as %s\n", name, len(rows), format.Title)
		for _, row := range rows {
			if err := previewRow(t.out, enc, row); err != nil {
				return err
			}
		}
	}
	return nil
}

func previewRow(out io.Writer, enc *json.Encoder, row trucewatch.Submission) error {
	switch {
	case row.Rejection != nil:
		_, err := fmt.Fprintf(out, "REJECTED line %d: %s\n", row.Rejection.Line, row.Rejection.Reason)
		return err
	case row.Observation != nil:
		return enc.Encode(row.Observation)
	case row.Tally != nil:
		return enc.Encode(row.Tally)
	case row.Statement != nil:
		return enc.Encode(row.Statement)
	}
	return enc.Encode(row.Notification)
}

func (c *importCommand) one(t terminal, w *mission.Writer, format intake.Format, o intake.Options, name string) error {
	o.File = name
	im := mission.Import{Format: format, Options: o, Path: name}
	finish := c.progress(t, w, &im)
	started := time.Now()
	result, err := w.Import(im)
	finish()
	if err != nil {
		return err
	}
	if c.Progress == "json" {
		return json.NewEncoder(t.out).Encode(struct {
			File           string `json:"file"`
			Recorded       int64  `json:"recorded"`
			Repeated       int64  `json:"repeated"`
			Rejected       int64  `json:"rejected"`
			RejectedBefore int64  `json:"rejected_before"`
		}{name, result.Recorded, result.Repeated, result.Rejected, result.RejectedBefore})
	}
	before := ""
	if result.RejectedBefore > 0 {
		before = fmt.Sprintf(", %d rejected before", result.RejectedBefore)
	}
	rate := ""
	if took := time.Since(started); result.Recorded > 10_000 {
		rate = fmt.Sprintf(", %.0f rows a second", float64(result.Recorded)/took.Seconds())
	}
	fmt.Fprintf(t.out, "%s: %d recorded, %d known already, %d rejected%s%s\n", name, result.Recorded, result.Repeated, result.Rejected, before, rate)
	if result.Rejected > 0 {
		fmt.Fprintf(t.out, "The rejected rows and their reasons are on the sources page and in %s\n", strings.TrimSuffix(w.RejectedDir(), "/"))
	}
	return nil
}

// progress shows how far an import is: on a terminal as a bar with rate and time
// left, as JSON lines if asked, in a pipe not at all.
func (c *importCommand) progress(t terminal, w *mission.Writer, im *mission.Import) (finish func()) {
	if c.Progress == "json" {
		enc := json.NewEncoder(t.out)
		w.Acked = func(rows int64, index uint64) {
			// A broken pipe must not stop a durable import; the rows are safe.
			_ = enc.Encode(struct {
				Acked int64  `json:"acked"`
				Index uint64 `json:"index"`
			}{rows, index})
		}
		return func() {}
	}
	f, isFile := t.screen()
	if c.Progress == "none" || !isFile || !term.IsTerminal(int(f.Fd())) {
		return func() {}
	}
	info, err := os.Stat(im.Path)
	if err != nil {
		return func() {} // Import reports it
	}
	bars := mpb.New(mpb.WithOutput(f), mpb.WithWidth(40))
	bar := bars.AddBar(info.Size(), mpb.PrependDecorators(decor.Name(im.Options.File+" ")),
		mpb.AppendDecorators(decor.Percentage(), decor.Name(" "), decor.AverageSpeed(decor.SizeB1024(0), "% .1f"), decor.Name(" left "), decor.AverageETA(decor.ET_STYLE_GO)))
	im.Progress = func(offset int64) { bar.SetCurrent(min(offset, info.Size())) }
	return func() {
		bar.SetTotal(-1, true)
		bars.Wait()
	}
}
