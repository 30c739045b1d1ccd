// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// Columns of the table, in order. A table of invented data begins with one more
// column, simulated.
var columns = []string{"mission", "row", "id", "incident", "kind", "act", "act_name", "result", "from_utc", "till_utc", "time_local", "place", "precision",
	"latitude", "longitude", "uncertainty_m", "word", "confidence", "counted", "sources", "claims_only", "state", "severity", "attribution",
	"attributed_to", "agreement", "reading", "revision", "code"}

// CSV writes incidents and findings as one table (RFC 4180, UTF-8, lines end in
// CRLF): the column row says which a row is. Text that a spreadsheet would take
// for a formula gets an apostrophe before it. The last column is the report's
// verification code, "" if the record does not commit to it yet. Of the options
// only Zone and Code count.
func CSV(w io.Writer, v trucewatch.View, o Options) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	write := func(row []string, last string) error {
		if v.Mission.Simulated {
			mark := wording.Simulated
			if row[0] == columns[0] {
				mark = "simulated"
			}
			row = append([]string{mark}, row...)
		}
		return c.Write(append(row, last))
	}
	if err := write(columns[:len(columns)-1], columns[len(columns)-1]); err != nil {
		return fmt.Errorf("report: csv: %w", err)
	}
	for _, in := range v.Incidents {
		if err := write(incidentRow(v, o, in), o.Code); err != nil {
			return fmt.Errorf("report: csv: incident %s: %w", in.ID, err)
		}
	}
	for _, f := range v.Findings {
		if err := write(findingRow(v, o, f), o.Code); err != nil {
			return fmt.Errorf("report: csv: finding %s: %w", f.ID, err)
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("report: csv: %w", err)
	}
	return nil
}

func incidentRow(v trucewatch.View, o Options, in trucewatch.IncidentView) []string {
	var counted []string
	for _, p := range in.Phenomena {
		counted = append(counted, wording.Kind(p.Kind)+": "+wording.Count(p.Count))
	}
	lat, lon, uncertainty := placed(in.Where)
	return []string{wording.Cell(v.Mission.Mission), "incident", in.ID.String(), in.ID.String(), wording.Cell(string(in.Kind)), "", "", "",
		moment(in.When.From), moment(in.When.Till), wording.Clock{Zone: o.Zone}.Interval(in.When), wording.Cell(in.Place), wording.Cell(in.Precision), lat, lon, uncertainty,
		wording.Cell(in.Word), fraction(in.Confidence), wording.Cell(plain(strings.Join(counted, "; "))), strconv.Itoa(in.Sources), strconv.FormatBool(in.Claims),
		wording.Cell(in.State), "", "", "", "", "", ""}
}

func findingRow(v trucewatch.View, o Options, f trucewatch.FindingView) []string {
	incident := ""
	if f.Subject.Incident != nil {
		incident = f.Subject.Incident.String()
	}
	lat, lon, uncertainty := placed(f.Where)
	return []string{wording.Cell(v.Mission.Mission), "finding", wording.Cell(string(f.ID)), incident, "", wording.Cell(string(f.Act)), wording.Cell(f.ActName),
		wording.Cell(string(f.Result)), moment(f.When.From), moment(f.When.Till), wording.Clock{Zone: o.Zone}.Interval(f.When), wording.Cell(f.Place), wording.Cell(f.Precision), lat, lon, uncertainty,
		wording.Cell(f.Word), fraction(f.Confidence), wording.Cell(plain(wording.Number(f.Quantity) + " " + wording.Words(f.Unit))), "", "", wording.Cell(f.State),
		strconv.Itoa(f.Severity), wording.Cell(f.Attribution.Level), wording.Cell(string(f.Attribution.Party)), f.Agreement.String(),
		wording.Cell(f.Reading), strconv.Itoa(f.Revision)}
}

// plain turns thin spaces between thousands into nothing, for programs.
func plain(s string) string { return strings.ReplaceAll(s, "\u202f", "") }

// placed gives the middle of a region and how far it reaches.
func placed(r geo.Region) (lat, lon, uncertainty string) {
	if r.IsZero() {
		return "", "", ""
	}
	lat, lon, _ = strings.Cut(r.Mean().String(), ",")
	return lat, lon, strconv.FormatInt(r.ReachMM()/1000, 10)
}

func moment(i trucewatch.Instant) string {
	if i == 0 {
		return ""
	}
	return i.String()
}

func fraction(p trucewatch.PPM) string {
	return strconv.FormatFloat(float64(p)/1_000_000, 'f', -1, 64)
}
