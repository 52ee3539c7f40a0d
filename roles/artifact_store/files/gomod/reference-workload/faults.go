package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// faults is what the workload does wrong. The zero value does nothing wrong.
type faults struct {
	ErrorRate    float64 `json:"error_rate"`    // share of requests answered 500, 0 to 1
	LatencyMS    int     `json:"latency_ms"`    // added to every answer
	LeakMBPerSec float64 `json:"leak_mb_per_s"` // memory kept for ever
	NotReady     bool    `json:"not_ready"`     // /health/ready answers 503
	NotLive      bool    `json:"not_live"`      // /health/live answers 503
	CrashAfterS  float64 `json:"crash_after_s"` // exit status 1 after so many seconds; 0 never
	StartDelayS  float64 `json:"start_delay_s"` // not ready for so long after the start
}

func parseFaults(text string) (faults, error) {
	var f faults
	if text == "" {
		return f, nil
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return f, err
	}
	return f, f.check()
}

func (f faults) check() error {
	if f.ErrorRate < 0 || f.ErrorRate > 1 {
		return fmt.Errorf("error_rate is %v; expected 0 to 1", f.ErrorRate)
	}
	if f.LatencyMS < 0 || f.LeakMBPerSec < 0 || f.CrashAfterS < 0 || f.StartDelayS < 0 {
		return fmt.Errorf("a fault has a negative value: %+v", f)
	}
	return nil
}

// faultSwitch holds the faults in force and the memory that the leak keeps.
type faultSwitch struct {
	mu     sync.RWMutex
	now    faults
	leaked [][]byte
	exit   func(int)
}

func (s *faultSwitch) get() faults {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.now
}

func (s *faultSwitch) set(f faults) {
	s.mu.Lock()
	s.now = f
	s.mu.Unlock()
	if f.CrashAfterS > 0 {
		time.AfterFunc(time.Duration(f.CrashAfterS*float64(time.Second)), func() { s.exit(1) })
	}
}

// leak keeps memory as long as the fault is on; it is called once a second.
func (s *faultSwitch) leak() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size := int(s.now.LeakMBPerSec * (1 << 20)); size > 0 {
		block := make([]byte, size)
		for i := 0; i < size; i += 4096 {
			block[i] = 1
		}
		s.leaked = append(s.leaked, block)
	}
}

func (s *faultSwitch) put(w http.ResponseWriter, r *http.Request) {
	var f faults
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := f.check(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.set(f)
	w.WriteHeader(http.StatusNoContent)
}
