// SPDX-License-Identifier: Apache-2.0

// Package record keeps the record: an append-only, tamper-evident log.
package record
