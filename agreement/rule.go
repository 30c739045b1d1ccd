// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
)

// Limits of a rule. Its cost is counted in the steps of CEL's own model, at
// worst, from the limits of the variables. Source: rules of mission texts cost
// 5 to 40. Guess: a hundred times that is no rule that a person can read. Test: a
// rule of a text that is refused for its cost.
const (
	ruleCostMax  = 4_000
	ruleMaxBytes = 1_000
	ruleTextMax  = 64 // bytes of a string that a rule is given
	ruleListMax  = 64 // elements of a list that a rule is given
)

// An Answer is whether a condition holds.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

// A RuleVariable is a name that a rule may use. Each may be unknown.
type RuleVariable struct {
	Name  string
	Type  string // int, bool, string, list(string) or map(string, int)
	About string
}

// RuleVariables returns the names that a rule may use, in the order of the
// format's documentation.
func RuleVariables() []RuleVariable {
	return []RuleVariable{
		{"kinds", "list(string)", "what was observed: the kinds of the observations that show the act"},
		{"means", "list(string)", "by which means"},
		{"marks", "list(string)", "what sources say of it besides: munition_dropped, doxxing, ..."},
		{"description", "string", "of an explosion: undetermined, impact, outgoing, airburst, secondary"},
		{"count", "int", "how many, the largest count of one source"},
		{"duration_minutes", "int", "how long it lasted, minutes begun"},
		{"hour_utc", "int", "hour of the day in which it began, 0 to 23, UTC"},
		{"owner", "string", "whose it is or who did it: a party, or mission"},
		{"side", "string", "the party on whose side of the line of contact it was"},
		{"distance_to_line_mm", "int", "from the line of contact, millimetres, never negative"},
		{"share_in_zone", "map(string, int)", "by zone of the text: the probability of being inside, parts per million"},
		{"notified", "list(string)", "exemptions of the text under which a notification covers the place and time"},
		{"platform", "string", "kind of the weapon"},
		{"model", "string", "model of the weapon"},
		{"role", "string", "of an aerial vehicle: fpv_attack, bomber, isr, delivery"},
		{"munition", "string", "of an aircraft: bomb, glide_bomb, rocket, missile"},
		{"weapon_class", "string", "class of the weapon by the text"},
		{"calibre_mm", "int", "calibre of the weapon, millimetres"},
		{"range_km", "int", "range of the weapon, kilometres"},
		{"restriction", "string", "type of a restriction: denial, delay, conditional_access, impediment"},
		{"minutes", "int", "length of a restriction, minutes"},
		{"killed", "int", "persons killed"},
		{"injured", "int", "persons injured"},
		{"civilian", "bool", "whether the persons harmed were civilians"},
		{"cause", "string", "of harm to persons: shelling, small_arms, mine_uxo, ..."},
		{"object", "string", "the protected object concerned, by the text's register"},
		{"object_class", "string", "the class of that object"},
	}
}

// A rule is a condition in CEL, type-checked, of bounded cost.
type rule struct {
	program  cel.Program
	uses     []string // variables, in the order of RuleVariables
	literals []any    // int64 and string, as the rule states them
}

// Evaluate answers the act's rule from what is known. A variable that is not in
// vars is unknown; missing names others, or one key of a map ("share_in_zone.Z1").
// Values are int64, bool, string, []string and map[string]int64. If the answer
// is Unknown, the names are those on which it hangs; a rule may be answered in
// spite of unknowns that do not matter. An act without a rule answers Yes.
// The error is of arithmetic: an overflow, a zone that vars leaves out.
func (c *Act) Evaluate(vars map[string]any, missing []string) (Answer, []string, error) {
	if c.rule == nil {
		return Yes, nil, nil
	}
	patterns := make([]*cel.AttributePatternType, 0, len(missing)+len(c.rule.uses))
	for _, name := range missing {
		variable, key, whole := strings.Cut(name, ".")
		p := cel.AttributePattern(variable)
		if whole {
			p = p.QualString(key)
		}
		patterns = append(patterns, p)
	}
	for _, name := range c.rule.uses {
		if _, known := vars[name]; !known && !slices.Contains(missing, name) {
			patterns = append(patterns, cel.AttributePattern(name))
		}
	}
	var given any = vars
	if len(patterns) > 0 {
		partial, err := cel.PartialVars(vars, patterns...)
		if err != nil {
			return Unknown, nil, fmt.Errorf("act %s: rule: %w", c.ID, err)
		}
		given = partial
	}
	value, _, err := c.rule.program.Eval(given)
	if err != nil {
		return Unknown, nil, fmt.Errorf("act %s: rule: %w", c.ID, err)
	}
	switch v := value.(type) {
	case types.Bool:
		if v {
			return Yes, nil, nil
		}
		return No, nil, nil
	case *types.Unknown:
		return Unknown, hangsOn(v), nil
	}
	return Unknown, nil, fmt.Errorf("act %s: %w: the rule gives %v, not true or false", c.ID, trucewatch.ErrInvalid, value.Type())
}

// hangsOn names the attributes that an unknown value needs.
func hangsOn(u *types.Unknown) []string {
	var out []string
	for _, id := range u.IDs() {
		trails, _ := u.GetAttributeTrails(id)
		for _, t := range trails {
			out = append(out, t.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A ruleGround compiles the rules of one text.
type ruleGround struct {
	env   *cel.Env
	zones []string
}

func newRuleGround(a *Agreement) (*ruleGround, error) {
	options := []cel.EnvOption{cel.StdLib(), cel.ClearMacros(), cel.Macros(cel.AllMacro, cel.ExistsMacro)}
	for _, v := range RuleVariables() {
		options = append(options, cel.Variable(v.Name, celType(v.Type)))
	}
	env, err := cel.NewCustomEnv(options...)
	if err != nil {
		return nil, err
	}
	g := &ruleGround{env: env}
	for _, z := range a.Zones {
		g.zones = append(g.zones, z.ID)
	}
	return g, nil
}

func celType(name string) *cel.Type {
	switch name {
	case "int":
		return cel.IntType
	case "bool":
		return cel.BoolType
	case "list(string)":
		return cel.ListType(cel.StringType)
	case "map(string, int)":
		return cel.MapType(cel.StringType, cel.IntType)
	}
	return cel.StringType
}

// A ruleError is what is wrong with a rule and where in it, line and column from
// 1; line 0 is the rule as a whole.
type ruleError struct {
	line, column int
	message      string
}

// compile checks a rule whole: its types, what it may say, its cost.
func (g *ruleGround) compile(text string) (*rule, []ruleError) {
	if len(text) > ruleMaxBytes {
		return nil, []ruleError{{message: fmt.Sprintf("the rule has %d bytes, more than %d: split the act in two", len(text), ruleMaxBytes)}}
	}
	checked, issues := g.env.Compile(text)
	if issues.Err() != nil {
		var out []ruleError
		for _, e := range issues.Errors() {
			message, _, _ := strings.Cut(e.Message, " (in container")
			out = append(out, ruleError{e.Location.Line(), e.Location.Column() + 1, message})
		}
		return nil, out
	}
	w := &ruleWalk{ground: g, ast: checked.NativeRep()}
	w.walk(w.ast.Expr())
	if checked.OutputType() != cel.BoolType {
		w.refuse(w.ast.Expr(), "the rule gives %s, not true or false", checked.OutputType())
	}
	if len(w.problems) > 0 {
		return nil, w.problems
	}
	estimate, err := g.env.EstimateCost(checked, ruleSizes{len(g.zones)})
	if err != nil {
		return nil, []ruleError{{message: err.Error()}}
	}
	if estimate.Max > ruleCostMax {
		return nil, []ruleError{{message: fmt.Sprintf("the rule may take %d steps, more than %d: loop over one list, not over lists within lists", estimate.Max, ruleCostMax)}}
	}
	program, err := g.env.Program(checked, cel.EvalOptions(cel.OptPartialEval, cel.OptOptimize), cel.CostLimit(ruleCostMax))
	if err != nil {
		return nil, []ruleError{{message: err.Error()}}
	}
	out := &rule{program: program, literals: literalsOf(checked)}
	for _, v := range RuleVariables() {
		if slices.Contains(w.uses, v.Name) {
			out.uses = append(out.uses, v.Name)
		}
	}
	return out, nil
}

// ruleFunctions are the only functions and operators of rules. Left out is what
// reads a clock, counts in floats, makes lists of any length, or takes long:
// timestamps, durations, conversions, regular expressions, map and filter.
func ruleFunctions() []string {
	return []string{operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional,
		operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
		operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate,
		operators.Index, operators.In, operators.NotStrictlyFalse, "size", "contains", "startsWith", "endsWith"}
}

// A ruleWalk looks at every part of a checked rule.
type ruleWalk struct {
	ground   *ruleGround
	ast      *ast.AST
	uses     []string
	problems []ruleError
}

func (w *ruleWalk) refuse(e ast.Expr, format string, args ...any) {
	at := w.ast.SourceInfo().GetStartLocation(e.ID())
	w.problems = append(w.problems, ruleError{at.Line(), at.Column() + 1, fmt.Sprintf(format, args...)})
}

func (w *ruleWalk) walk(e ast.Expr) {
	switch e.Kind() {
	case ast.LiteralKind:
		switch e.AsLiteral().(type) {
		case types.Int, types.Bool, types.String:
		default:
			w.refuse(e, "%s is no whole number, text, true or false: rules count in whole units (mm, minutes, parts per million)", e.AsLiteral().Type().TypeName())
		}
	case ast.IdentKind:
		if name := e.AsIdent(); !slices.Contains(w.uses, name) {
			w.uses = append(w.uses, name)
		}
	case ast.CallKind:
		w.call(e)
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			w.walk(x)
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		w.walk(c.IterRange())
		w.walk(c.LoopCondition())
		w.walk(c.LoopStep())
	case ast.SelectKind:
		s := e.AsSelect()
		w.zone(e, s.Operand(), s.FieldName())
		w.walk(s.Operand())
	default:
		w.refuse(e, "maps and structures are not made in rules")
	}
}

func (w *ruleWalk) call(e ast.Expr) {
	c := e.AsCall()
	name := c.FunctionName()
	if !slices.Contains(ruleFunctions(), name) {
		w.refuse(e, "%s is not for rules: they compare whole numbers, text and lists, with && || ! ? + - * / %% in size contains startsWith endsWith all exists", name)
		return
	}
	if c.IsMemberFunction() {
		w.walk(c.Target())
	}
	args := c.Args()
	switch {
	case name == operators.Divide || name == operators.Modulo:
		if n, isInt := literal[types.Int](args[1]); !isInt || n == 0 {
			w.refuse(e, "divide by a number that the rule states and that is not 0")
		}
	case name == operators.Index:
		key, isText := literal[types.String](args[1])
		if !isText {
			w.refuse(e, "between [ ] stands the ID of a zone in quotes, so that the rule can be checked")
			return
		}
		w.zone(e, args[0], string(key))
	}
	for _, a := range args {
		w.walk(a)
	}
}

// zone checks the one map there is, and its key.
func (w *ruleWalk) zone(e, of ast.Expr, key string) {
	switch {
	case of.Kind() != ast.IdentKind || of.AsIdent() != "share_in_zone":
		w.refuse(e, "only share_in_zone has parts: a list is asked with in, all, exists or size")
	case !slices.Contains(w.ground.zones, key):
		w.refuse(e, "there is no zone %q%s", key, nearest(key, w.ground.zones))
	}
}

func literal[T any](e ast.Expr) (T, bool) {
	var none T
	if e.Kind() != ast.LiteralKind {
		return none, false
	}
	v, ok := e.AsLiteral().(T)
	return v, ok
}

// ruleSizes bounds what a rule is given, so that its cost can be bounded.
type ruleSizes struct{ zones int }

// EstimateSize returns the bounds of a variable, or of the elements of a list.
func (s ruleSizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	if len(n.Path()) == 0 {
		return nil
	}
	switch n.Type().Kind() {
	case types.ListKind:
		return &cost.SizeEstimate{Max: ruleListMax}
	case types.MapKind:
		return &cost.SizeEstimate{Max: uint64(s.zones)}
	case types.StringKind:
		return &cost.SizeEstimate{Max: ruleTextMax}
	}
	return nil
}

// EstimateCallCost leaves the cost of functions to CEL's own model.
func (ruleSizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// rules compiles the rules of all acts; nodes are those of the rules, by act.
func (r *reader) rules() {
	var ground *ruleGround
	for i := range r.a.Acts {
		c, n := &r.a.Acts[i], r.ruleNodes[i]
		if n == nil || c.Rule == "" {
			continue
		}
		if ground == nil {
			var err error
			if ground, err = newRuleGround(r.a); err != nil {
				r.errorf(n, "rules cannot be read: %v", err)
				return
			}
		}
		compiled, problems := ground.compile(c.Rule)
		for _, p := range problems {
			line, column, where := r.inScalar(n, c.Rule, p)
			r.problem(MainFile, line, column, "rule of act %q: %s%s", c.ID, p.message, where)
		}
		c.rule = compiled
	}
}

// inScalar returns the place in the file of a place in a scalar. Where the scalar
// is not written as one plain piece it returns the scalar's own place, and where
// the error is in words.
func (r *reader) inScalar(n *yaml.Node, value string, p ruleError) (line, column int, where string) {
	if p.line == 0 {
		return n.Line, n.Column, ""
	}
	data, _ := r.file(MainFile)
	lines := bytes.Split(data, []byte("\n"))
	if p.line == 1 && n.Line <= len(lines) && !strings.Contains(value, "\n") {
		text := []rune(string(lines[n.Line-1]))
		if n.Column <= len(text) {
			before, _, found := strings.Cut(string(text[n.Column-1:]), value)
			if found && len(before) <= 1 {
				return n.Line, n.Column + len(before) + p.column - 1, ""
			}
		}
	}
	return n.Line, n.Column, fmt.Sprintf(" (line %d, column %d of the rule)", p.line, p.column)
}
