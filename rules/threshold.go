package rules

import (
	"fmt"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"github.com/goccy/go-yaml"
)

// Threshold is a number in a policy's condition that a whole number of a
// message is compared with, as in exposure.direct >= 10.
type Threshold struct {
	Variable string
	Operator string // as people write it, with the variable before it
	Value    int64
	start    int // where it stands in the condition, in characters
}

// comparisons are the operators around a threshold, and what each is with its
// sides changed over.
var comparisons = map[string]struct{ written, turned string }{
	operators.GreaterEquals: {">=", "<="}, operators.Greater: {">", "<"},
	operators.LessEquals: {"<=", ">="}, operators.Less: {"<", ">"},
}

// Thresholds lists the thresholds of a condition, in their order. The error says
// what is wrong with the condition.
func Thresholds(when string) ([]Threshold, error) {
	env, err := newEnvironment()
	if err != nil {
		return nil, fmt.Errorf("policy variables: %w", err)
	}
	checked, issues := env.Compile(when)
	if err := issues.Err(); err != nil {
		return nil, err
	}
	var all []Threshold
	native := checked.NativeRep()
	ast.PreOrderVisit(native.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if t, is := thresholdOf(native, e); is && t.standsIn(when) {
			all = append(all, t)
		}
	}))
	return all, nil
}

// thresholdOf reads a comparison of a variable with a number.
func thresholdOf(native *ast.AST, e ast.Expr) (t Threshold, is bool) {
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
		return t, false
	}
	compares, is := comparisons[e.AsCall().FunctionName()]
	if !is {
		return t, false
	}
	variable, number, operator := e.AsCall().Args()[0], e.AsCall().Args()[1], compares.written
	if variable.Kind() == ast.LiteralKind {
		variable, number, operator = number, variable, compares.turned
	}
	ref, named := native.ReferenceMap()[variable.ID()]
	if !named || ref.Name == "" || number.Kind() != ast.LiteralKind || native.GetType(variable.ID()) != cel.IntType {
		return t, false
	}
	value, whole := number.AsLiteral().Value().(int64)
	at, placed := native.SourceInfo().GetOffsetRange(number.ID())
	return Threshold{ref.Name, operator, value, int(at.Start)}, whole && placed
}

// standsIn reports whether the number is written at its place in plain digits.
func (t *Threshold) standsIn(when string) bool {
	text := []rune(when)
	digits := strconv.FormatInt(t.Value, 10)
	end := t.start + len(digits)
	return t.start >= 0 && end <= len(text) && string(text[t.start:end]) == digits &&
		(end == len(text) || !strings.ContainsRune("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.", text[end]))
}

// In returns the condition with another number in the place of this one. The
// condition is the one whose threshold it is.
func (t *Threshold) In(when string, number int64) string {
	text := []rune(when)
	end := t.start + len(strconv.FormatInt(t.Value, 10))
	return string(text[:t.start]) + strconv.FormatInt(number, 10) + string(text[end:])
}

// writtenPolicy is a policy as it is written: without what is left out.
type writtenPolicy struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description,omitempty"`
	When        string `yaml:"when"`
	Action      Action `yaml:"action"`
	Answer      string `yaml:"answer,omitempty"`
}

// WritePolicies writes policies as [ParsePolicies] reads them.
func WritePolicies(specs []PolicySpec) ([]byte, error) {
	var file struct {
		Policies []writtenPolicy `yaml:"policies"`
	}
	for _, s := range specs {
		w := writtenPolicy{Name: s.Name, Description: s.Description, When: s.When, Action: s.Action}
		if s.Answer != Accept {
			w.Answer = s.Answer.String()
		}
		file.Policies = append(file.Policies, w)
	}
	text, err := yaml.MarshalWithOptions(&file, yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("writing policies: %w", err)
	}
	return text, nil
}
