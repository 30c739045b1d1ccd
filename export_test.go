// SPDX-License-Identifier: Apache-2.0

package trucewatch

// ReadBody says whether a body is read without the library.
var ReadBody = readBody
