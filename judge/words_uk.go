// SPDX-License-Identifier: Apache-2.0

package judge

func ukrainian() *tongue { return &tongue{language: "uk"} }
