package simulation

import (
	"container/heap"
	"time"
)

// clock has the events that are to come. Two of the same time happen in the order
// in which they were set.
type clock struct {
	now    time.Duration // since the start
	events events
	set    uint64
}

type event struct {
	at  time.Duration
	nth uint64
	do  func()
}

// after has something happen in so much time.
func (c *clock) after(d time.Duration, do func()) {
	c.set++
	heap.Push(&c.events, &event{c.now + d, c.set, do})
}

// next moves on to the next event, and reports false if there is none.
func (c *clock) next() bool {
	if len(c.events) == 0 {
		return false
	}
	e := heap.Pop(&c.events).(*event)
	c.now = e.at
	e.do()
	return true
}

// events is a heap, the earliest on top.
type events []*event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].nth < e[j].nth
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push implements heap.Interface.
func (e *events) Push(x any) { *e = append(*e, x.(*event)) }

// Pop implements heap.Interface.
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = nil
	*e = (*e)[:last]
	return x
}
