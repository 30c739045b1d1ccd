// SPDX-License-Identifier: Apache-2.0

// Package associate finds which observations belong to one incident, where and
// when it was, and how sure that is.
package associate
