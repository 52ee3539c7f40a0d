package main

import "sync"

// rate counts answers in one slot per second, a ring as long as the window and one slot for the second in progress.
type rate struct {
	mu    sync.Mutex
	slots [rateWindow + 1]struct {
		second int64
		count  int
	}
}

func (r *rate) add(second int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	slot := &r.slots[second%int64(len(r.slots))]
	if slot.second != second {
		slot.second, slot.count = second, 0
	}
	slot.count++
}

// perSecond averages over the whole seconds before now; the second in progress would pull the figure down.
func (r *rate) perSecond(now int64) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	total := 0
	for _, slot := range r.slots {
		if slot.second < now && slot.second >= now-rateWindow {
			total += slot.count
		}
	}
	return float64(total) / rateWindow
}
