// SPDX-License-Identifier: Apache-2.0

// Package scenario makes simulated worlds whose truth is known: what happened,
// who could sense it, and what they report. It serves measuring: package score
// holds a result against the truth.
//
// Nothing here is real. The worlds lie in the open ocean, every source says
// SIMULATED, and no number describes a place, a force or a person.
//
// There are five:
//
//	Line      a line of contact, 1,250 km long, with acoustic sensors: the times
//	          at which sound arrives through moving air
//	Regional  a network of seismic stations: arrivals of P and S waves from
//	          sources at depth
//	Mixed     reports of every kind about one sector: solved sounds, observers,
//	          cameras, fires seen from space, parties, open sources
//	Day       a ceasefire day along a line of contact, with who fired
//	Night     drones and missiles that cross a country, as people see them
//
// A world follows from its parameters and its seed: the same on every machine,
// because the generator of random numbers is written out here (SplitMix64) and
// each float product is rounded. Each matter (sensors, air, events, false
// arrivals) draws from a stream of its own, so that, for example, more false
// arrivals leave the true ones as they were.
//
// Units are those of package trucewatch where a value leaves the package.
// Parameters are in the units their names give.
package scenario
