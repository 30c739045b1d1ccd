// SPDX-License-Identifier: Apache-2.0

package associate

import "github.com/trucewatch/trucewatch"

// A meansModel says what one means of knowing is worth.
//
// Guess: every number of this table, until a mission's own record says better.
// Test: count, per means, how many incidents confirmed by other means it
// reported while in service (detect), how many of its reports nothing else ever
// supported where it should have been (false), and compare the confidence given
// with the share later confirmed (a reliability curve).
type meansModel struct {
	class    string         // means of one class are not independent of each other
	detect   trucewatch.PPM // probability of reporting an incident within its view
	clutter  int64          // reports that no incident stands behind, per million km2 and day
	reliable trucewatch.PPM // that it happened, if this alone says so
}

// modelOf returns the model of m. Clutter of thermal pixels is agricultural and
// industrial fire: 2,000 pixels on a day of the burning season over 600,000 km2.
// Source of that rate: FIRMS archive, days of August; "rarely sufficient on its
// own" for single explosions: Bellingcat 2022-10-04.
func modelOf(m trucewatch.Means) meansModel {
	switch m {
	case trucewatch.Heard:
		return meansModel{"people on the spot", 500_000, 300, 700_000}
	case trucewatch.Saw, trucewatch.HeardSaw:
		return meansModel{"people on the spot", 300_000, 100, 800_000}
	case trucewatch.RecordedCamera:
		return meansModel{"camera", 500_000, 100, 850_000}
	case trucewatch.UAVMini, trucewatch.UAVMid, trucewatch.UAVLong:
		return meansModel{"unmanned aerial vehicle", 200_000, 50, 900_000}
	case trucewatch.SatelliteOptical:
		return meansModel{"optical satellite", 100_000, 50, 850_000}
	case trucewatch.SatelliteSAR:
		return meansModel{"radar satellite", 100_000, 500, 600_000}
	case trucewatch.SatelliteThermal:
		return meansModel{"thermal satellite", 100_000, 3_300, 250_000}
	case trucewatch.Acoustic:
		return meansModel{"acoustic array", 700_000, 300, 750_000}
	case trucewatch.Infrasound:
		return meansModel{"infrasound", 300_000, 500, 500_000}
	case trucewatch.Seismic:
		return meansModel{"seismic network", 200_000, 300, 600_000}
	case trucewatch.Radar:
		return meansModel{"radar", 500_000, 300, 750_000}
	case trucewatch.RF:
		return meansModel{"radio", 300_000, 500, 500_000}
	case trucewatch.Interview:
		return meansModel{"interview", 300_000, 300, 500_000}
	case trucewatch.OfficialRecord:
		return meansModel{"official record", 300_000, 100, 600_000}
	case trucewatch.PhysicalTrace:
		return meansModel{"physical trace", 300_000, 100, 800_000}
	case trucewatch.ThirdPartyReport:
		return meansModel{"claim", 300_000, 1_000, 400_000}
	case trucewatch.OpenSourceMedia:
		return meansModel{"claim", 300_000, 1_000, 350_000}
	case trucewatch.PartyReport:
		return meansModel{"claim", 500_000, 3_000, 300_000}
	}
	return meansModel{"claim", 300_000, 3_000, 250_000} // public_report, and any means younger than this engine
}
