// SPDX-License-Identifier: Apache-2.0

package judge

func russian() *tongue { return &tongue{language: "ru"} }
