package rules

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/strictyaml"
	"github.com/goccy/go-yaml"
)

// PolicySpec is one policy as written: a named condition and an action.
type PolicySpec struct {
	// Name is what verdicts, metrics and reviewers call it: letters, digits
	// and "-".
	Name string `yaml:"name"`
	// Description says for people what it is for.
	Description string `yaml:"description"`
	// When is the condition, in CEL over the variables of Variables.
	When string `yaml:"when"`
	// Action is what becomes of a message that matches.
	Action Action `yaml:"action"`
	// Answer is what the client of a held message is told; accept unless said.
	Answer Answer `yaml:"answer"`
}

// policySource is a policy file.
type policySource struct {
	Policies []PolicySpec `yaml:"policies"`
}

// Policies are compiled policies. They are immutable and safe for concurrent
// use.
type Policies struct {
	list    []policy
	version string
	own     map[uint32]bool // hashes of the own domains
	allowed *allow.Set      // nil allows nothing

	variables map[string]Variable
}

type policy struct {
	PolicySpec
	program cel.Program
	asks    map[string]bool // the variables of its condition
	rest    rest
}

// holds reports whether the condition holds.
func (p *policy) holds(given *facts) (bool, error) {
	if p.rest.is(given) {
		return p.rest.holds, nil
	}
	result, _, err := p.program.Eval(given)
	if err != nil {
		return false, err
	}
	return result.Value() == true, nil
}

// ParsePolicies reads policies from YAML. The name is the file's, for errors,
// which also give line, field and what would be right.
func ParsePolicies(name string, source []byte) ([]PolicySpec, error) {
	var file policySource
	if err := strictyaml.Decode(source, &file); err != nil {
		return nil, fmt.Errorf("policies %s: %s", name, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	if len(file.Policies) == 0 {
		return nil, fmt.Errorf("policies %s: no policies: want a list under \"policies:\"", name)
	}
	return file.Policies, nil
}

// CompilePolicies checks and compiles policies. People with an address in one
// of the own domains are never third parties. The error names the policy, the
// field and what would be right.
func CompilePolicies(specs []PolicySpec, ownDomains []string) (*Policies, error) {
	env, err := newEnvironment()
	if err != nil {
		return nil, fmt.Errorf("policy variables: %w", err)
	}
	p := &Policies{own: map[uint32]bool{}, version: versionOf(specs, ownDomains), variables: map[string]Variable{}}
	for _, v := range Variables() {
		p.variables[v.Name] = v
	}
	names := map[string]bool{}
	for i, spec := range specs {
		if err := checkSpec(spec, names); err != nil {
			return nil, fmt.Errorf("policies[%d]: %w", i, err)
		}
		program, asks, err := compile(env, spec.When)
		if err != nil {
			return nil, fmt.Errorf("policies[%d] %q: when: %w", i, spec.Name, err)
		}
		p.list = append(p.list, policy{spec, program, asks, restOf(program, p.variables, asks)})
	}
	for _, domain := range ownDomains {
		p.own[hashDomain(domain)] = true
	}
	return p, nil
}

func checkSpec(spec PolicySpec, names map[string]bool) error {
	if spec.Name == "" || strings.Trim(spec.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return fmt.Errorf("name %q: want letters, digits and \"-\"", spec.Name)
	}
	if names[spec.Name] {
		return fmt.Errorf("name %q: given twice", spec.Name)
	}
	names[spec.Name] = true
	if strings.TrimSpace(spec.When) == "" {
		return fmt.Errorf("%q: when: empty: want a condition such as exposure.direct >= 10", spec.Name)
	}
	if !utf8.ValidString(spec.When) {
		return fmt.Errorf("%q: when: has bytes that are not UTF-8: write it as UTF-8", spec.Name)
	}
	if spec.Answer == Refuse && spec.Action != Hold {
		return fmt.Errorf("%q: answer: refuse goes with action hold only", spec.Name)
	}
	return nil
}

func compile(env *cel.Env, when string) (program cel.Program, asks map[string]bool, err error) {
	ast, issues := env.Compile(when)
	if err := issues.Err(); err != nil {
		return nil, nil, err
	}
	if ast.OutputType() != cel.BoolType {
		return nil, nil, fmt.Errorf("gives %s, want bool: compare it with something, as in exposure.direct >= 10", ast.OutputType())
	}
	asks = map[string]bool{}
	for _, ref := range ast.NativeRep().ReferenceMap() {
		asks[ref.Name] = true
	}
	program, err = env.Program(ast, cel.CostLimit(maxConditionCost))
	return program, asks, err
}

// maxConditionCost bounds the work of one condition in CEL's own units; an
// ordinary condition costs under 100.
const maxConditionCost = 100_000

// Names returns the policies' names in order.
func (p *Policies) Names() []string {
	names := make([]string, len(p.list))
	for i, policy := range p.list {
		names[i] = policy.Name
	}
	return names
}

// Specs returns the policies as written, in order.
func (p *Policies) Specs() []PolicySpec {
	specs := make([]PolicySpec, len(p.list))
	for i, policy := range p.list {
		specs[i] = policy.PolicySpec
	}
	return specs
}

// Version names this set of policies: it changes with their text.
func (p *Policies) Version() string { return p.version }
