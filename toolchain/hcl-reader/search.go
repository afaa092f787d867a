package main

import (
	"regexp/syntax"
	"slices"
	"unicode"
)

// Bounds of a search: what it may look at before it says that it could not decide.
const (
	maxLength = 4096
	maxStates = 60_000
	maxRunes  = 4_000
)

// search walks all strings at once, a set of states of each pattern's program for each, until it has seen every
// combination that there is. The programs are those of Go's regexp, which Terraform's regex() runs.
type search struct {
	programs []*syntax.Prog
	runes    []rune
	old, new formula
	// length is what the conditions take the string's length for; a string has at least as many runes. -1: not asked.
	length          int
	refused, gained *string
	nodes           []node
	seen            map[string]bool
}

// node is a string so far: where each program stands (nil once it has matched), and how the string was reached.
type node struct {
	states [][]int
	last   rune
	count  int
	parent int
	read   rune
}

func newSearch(patterns []string, length int, old, new formula) *search {
	made := &search{length: length, old: old, new: new, seen: map[string]bool{}}
	for _, pattern := range patterns {
		// It was compiled before, so it parses.
		parsed, _ := syntax.Parse(pattern, syntax.Perl)
		program, _ := syntax.Compile(parsed.Simplify())
		made.programs = append(made.programs, program)
	}
	made.runes = alphabet(made.programs)
	return made
}

// run returns whether the search came to its end.
func (s *search) run() bool {
	if len(s.runes) > maxRunes {
		return false
	}
	first := node{states: make([][]int, len(s.programs)), last: -1, parent: -1}
	for at := range first.states {
		first.states[at] = []int{}
	}
	s.push(first)
	for at := 0; at < len(s.nodes) && s.refused == nil; at++ {
		if len(s.nodes) > maxStates {
			return false
		}
		s.judge(at)
		for _, next := range s.runes {
			s.push(s.step(at, next))
		}
	}
	return true
}

func (s *search) push(next node) {
	key := keyOf(nil, next.count, int(class(next.last)))
	for _, states := range next.states {
		if states == nil {
			key = append(key, '!')
		}
		key = append(keyOf(key, states...), '|')
	}
	if !s.seen[string(key)] {
		s.seen[string(key)] = true
		s.nodes = append(s.nodes, next)
	}
}

// judge asks whether the string of a node is an example, if it ends here.
func (s *search) judge(at int) {
	one := s.nodes[at]
	if s.length >= 0 && (one.count < s.length || (s.length == 0) != (one.count == 0)) {
		return
	}
	matched := make([]bool, len(s.programs))
	for index, program := range s.programs {
		_, done := closure(program, one.states[index], syntax.EmptyOpContext(one.last, -1))
		matched[index] = one.states[index] == nil || done
	}
	before, after := s.old(matched, s.length), s.new(matched, s.length)
	if before && !after {
		s.refused = s.text(at)
	} else if after && !before && s.gained == nil {
		s.gained = s.text(at)
	}
}

func (s *search) step(at int, next rune) node {
	from := s.nodes[at]
	made := node{states: make([][]int, len(s.programs)), last: next, count: from.count, parent: at, read: next}
	if made.count <= s.length {
		made.count++
	}
	context := syntax.EmptyOpContext(from.last, next)
	for index, program := range s.programs {
		if from.states[index] == nil {
			continue
		}
		here, done := closure(program, from.states[index], context)
		if done {
			continue
		}
		moved := []int{}
		for _, pc := range here {
			if inst := &program.Inst[pc]; inst.MatchRune(next) {
				moved = append(moved, int(inst.Out))
			}
		}
		slices.Sort(moved)
		made.states[index] = slices.Compact(moved)
	}
	return made
}

// closure returns the instructions that read a rune and can be reached from states, or from the start, without reading;
// and whether the program has matched.
func closure(program *syntax.Prog, states []int, context syntax.EmptyOp) ([]int, bool) {
	open, seen := append(slices.Clone(states), program.Start), make([]bool, len(program.Inst))
	var found []int
	for len(open) > 0 {
		pc := open[len(open)-1]
		if open = open[:len(open)-1]; seen[pc] {
			continue
		}
		seen[pc] = true
		switch inst := &program.Inst[pc]; inst.Op {
		case syntax.InstMatch:
			return nil, true
		case syntax.InstAlt, syntax.InstAltMatch:
			open = append(open, int(inst.Out), int(inst.Arg))
		case syntax.InstCapture, syntax.InstNop:
			open = append(open, int(inst.Out))
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^context == 0 {
				open = append(open, int(inst.Out))
			}
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			found = append(found, pc)
		}
	}
	return found, false
}

func (s *search) text(at int) *string {
	var read []rune
	for ; s.nodes[at].parent >= 0; at = s.nodes[at].parent {
		read = append(read, s.nodes[at].read)
	}
	slices.Reverse(read)
	text := string(read)
	return &text
}

// class returns a rune that stands for all that no program tells apart once they are read.
func class(last rune) rune {
	switch {
	case last == -1 || last == '\n':
		return last
	case syntax.IsWordChar(last):
		return 'a'
	}
	return '-'
}

// alphabet returns one rune for each set of runes that no program tells apart, those that people can read first.
func alphabet(programs []*syntax.Prog) []rune {
	cuts := []rune{0, '\n', '\n' + 1, '0', '9' + 1, 'A', 'Z' + 1, '_', '_' + 1, 'a', 'z' + 1, ' ', 0x7f, 0xd800, 0xe000, unicode.MaxRune + 1}
	for _, program := range programs {
		for at := range program.Inst {
			inst := &program.Inst[at]
			if inst.Op != syntax.InstRune && inst.Op != syntax.InstRune1 {
				continue
			}
			ranges := inst.Rune
			if len(ranges) == 1 {
				ranges = []rune{ranges[0], ranges[0]}
				if syntax.Flags(inst.Arg)&syntax.FoldCase != 0 {
					for other := unicode.SimpleFold(ranges[0]); other != ranges[0]; other = unicode.SimpleFold(other) {
						ranges = append(ranges, other, other)
					}
				}
			}
			for index := 0; index+1 < len(ranges); index += 2 {
				cuts = append(cuts, ranges[index], ranges[index+1]+1)
			}
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var found []rune
	for index := 0; index+1 < len(cuts); index++ {
		if at := cuts[index]; at < 0xd800 || at >= 0xe000 {
			found = append(found, at)
		}
	}
	slices.SortStableFunc(found, func(a, b rune) int { return weight(a) - weight(b) })
	return found
}

func weight(one rune) int {
	switch {
	case one >= 'a' && one <= 'z':
		return 0
	case one >= '0' && one <= '9':
		return 1
	case one > ' ' && one < 0x7f:
		return 2
	case unicode.IsPrint(one):
		return 3
	}
	return 4
}
