// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/trucewatch/trucewatch/mirror"
)

type mirrorTokenCommand struct {
	Name  string   `help:"Name of the holder, such as party-a." required:"" placeholder:"NAME"`
	Class []string `help:"Class of boxes that it is given; may be given again." required:"" placeholder:"CLASS"`
	Out   string   `short:"o" help:"New file for the token." required:"" placeholder:"FILE" type:"path"`
}

func (c *mirrorTokenCommand) Run(t terminal) error {
	token, line, err := mirror.NewToken(c.Name, c.Class)
	if err != nil {
		return err
	}
	if err := writeNew(c.Out, []byte(token+"\n")); err != nil {
		return err
	}
	fmt.Fprintf(t.err, "Bring %s to %s and remove it here; the line below goes into the file of holders.\n", c.Out, c.Name)
	fmt.Fprint(t.out, line)
	return nil
}
