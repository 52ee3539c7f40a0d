package main

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const rateWindow = 10 // seconds over which requests_per_second is averaged

type service struct {
	config   config
	started  time.Time
	draining atomic.Bool
	sequence atomic.Uint64
	faults   *faultSwitch
	rate     *rate
	requests *prometheus.CounterVec
	duration prometheus.Histogram
	registry *prometheus.Registry
}

func newService(c config, f faults) *service {
	s := &service{
		config:   c,
		started:  time.Now(),
		faults:   &faultSwitch{exit: os.Exit},
		rate:     &rate{},
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total", Help: "Answered requests by status code."}, []string{"code"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time to answer.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
		}),
	}
	perSecond := prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Name: "requests_per_second", Help: "Answered requests per second over the last ten seconds."},
		func() float64 { return s.rate.perSecond(time.Now().Unix()) })
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "workload_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"component": c.component, "version": c.version},
	})
	info.Set(1)
	s.registry.MustRegister(s.requests, s.duration, perSecond, info)
	s.faults.set(f)
	go func() {
		for range time.Tick(time.Second) {
			s.faults.leak()
		}
	}()
	return s
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.answer)
	mux.HandleFunc("GET /health/ready", s.ready)
	mux.HandleFunc("GET /health/live", s.live)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	if s.config.allowFaults {
		mux.HandleFunc("PUT /faults", s.faults.put)
	}
	return mux
}

// answer is the work itself: numbered, so that a client can tell which requests were answered, and by which version.
func (s *service) answer(w http.ResponseWriter, _ *http.Request) {
	start := time.Now()
	f := s.faults.get()
	time.Sleep(time.Duration(f.LatencyMS) * time.Millisecond)
	code := http.StatusOK
	if f.ErrorRate > 0 && rand.Float64() < f.ErrorRate {
		code = http.StatusInternalServerError
	}
	host, _ := os.Hostname()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Version", s.config.version)
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"component": s.config.component, "version": s.config.version, "pod": host, "sequence": s.sequence.Add(1),
	})
	s.rate.add(start.Unix())
	s.requests.WithLabelValues(strconv.Itoa(code)).Inc()
	s.duration.Observe(time.Since(start).Seconds())
}

func (s *service) ready(w http.ResponseWriter, _ *http.Request) {
	f := s.faults.get()
	starting := time.Since(s.started).Seconds() < f.StartDelayS
	switch {
	case s.draining.Load():
		http.Error(w, "draining", http.StatusServiceUnavailable)
	case f.NotReady || starting:
		http.Error(w, "not ready", http.StatusServiceUnavailable)
	default:
		_, _ = w.Write([]byte("ready\n"))
	}
}

func (s *service) live(w http.ResponseWriter, _ *http.Request) {
	if s.faults.get().NotLive {
		http.Error(w, "not live", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("live\n"))
}
