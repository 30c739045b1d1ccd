// SPDX-License-Identifier: Apache-2.0

package missiontable_test

import (
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
	"github.com/trucewatch/trucewatch/intake/missiontable"
)

func Example() {
	gazetteer, err := intake.ParseGazetteer([]byte("name,lat,lon,kind,party\nNovyi Yar,-45.78967,-126.6999,village,B\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	options := intake.Options{
		Source: trucewatch.Source{ID: "patrols", Kind: trucewatch.PatrolSource}, File: "night.csv", Gazetteer: gazetteer}
	table := `mission_position,event_location,means,no,qualifier,observation,description,weapon,date,time_from,time_to,tz,ref
"Novyi Yar (Party B-controlled)",3-5km SE,heard,about 6,,explosion,outgoing,artillery (type N/K),2026-04-11,23:10,23:14,EEST,o-103
"Novyi Yar (Party B-controlled)",3-5km SE,heard,6,,explosion,outgoing,artillery (type N/K),2026-04-11,23:10,23:14,,o-104
`
	rows, err := intake.Preview(missiontable.Format(), options, strings.NewReader(table), 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range rows {
		if s.Rejection != nil {
			fmt.Printf("line %d: %s\n", s.Rejection.Line, s.Rejection.Reason)
			continue
		}
		o := s.Observation
		fmt.Println(o.Count.Qualifier, o.Count.Value, o.Kind, o.Description, o.When.From)
		fmt.Println(o.Where.Basis)
	}
	// Output:
	// about 6 explosion outgoing 2026-04-11T20:10:00Z
	// 3 km to 5 km, as stated, azimuth 123.75 to 146.25 degrees, from the observer, whose own place is known within 1 km (not added); observer at the village Novyi Yar, within 1 km (extent of such a place)
	// line 3: time: no zone is stated, and none is guessed
}
