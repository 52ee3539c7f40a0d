package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T, c config, f faults) (*service, *httptest.Server) {
	t.Helper()
	s := newService(c, f)
	server := httptest.NewServer(s.handler())
	t.Cleanup(server.Close)
	return s, server
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body)
}

func TestEveryAnswerCarriesComponentVersionAndNumber(t *testing.T) {
	_, server := start(t, config{component: "data-acquisition", version: "v2"}, faults{})
	for want := 1; want <= 3; want++ {
		_, body := get(t, server.URL)
		var answer struct {
			Component, Version string
			Sequence           int
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		if answer.Component != "data-acquisition" || answer.Version != "v2" || answer.Sequence != want {
			t.Errorf("got %+v, want sequence %d", answer, want)
		}
	}
}

func TestFaultsAreServedOnlyWhenAllowed(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		s, server := start(t, config{allowFaults: allowed}, faults{})
		request, _ := http.NewRequest(http.MethodPut, server.URL+"/faults", strings.NewReader(`{"error_rate": 1, "not_ready": true}`))
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if (s.faults.get().ErrorRate == 1) != allowed {
			t.Errorf("allowed %v: faults are %+v", allowed, s.faults.get())
		}
		code, _ := get(t, server.URL+"/health/ready")
		if (code == http.StatusServiceUnavailable) != allowed {
			t.Errorf("allowed %v: ready answers %d", allowed, code)
		}
	}
}

func TestErrorRateIsABandAroundWhatWasAsked(t *testing.T) {
	_, server := start(t, config{}, faults{ErrorRate: 0.2})
	failed := 0
	for range 1000 {
		if code, _ := get(t, server.URL); code == http.StatusInternalServerError {
			failed++
		}
	}
	if failed < 137 || failed > 263 { // five standard deviations of a binomial with n=1000, p=0.2
		t.Errorf("%d of 1000 failed, expected about 200", failed)
	}
}

func TestMetricsCountRequestsAndRate(t *testing.T) {
	s, server := start(t, config{component: "c", version: "v1"}, faults{})
	second := time.Now().Unix()
	for range 50 {
		s.rate.add(second - 3)
	}
	get(t, server.URL)
	_, body := get(t, server.URL+"/metrics")
	for _, line := range []string{`http_requests_total{code="200"} 1`, "requests_per_second 5", `workload_info{component="c",version="v1"} 1`} {
		if !strings.Contains(body, line) {
			t.Errorf("%q is missing in\n%s", line, body)
		}
	}
}

func TestBadFaultsAreRefused(t *testing.T) {
	for _, text := range []string{`{"error_rate": 2}`, `{"latency_ms": -1}`, `[]`, `{`} {
		if _, err := parseFaults(text); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
}

func TestCrashFault(t *testing.T) {
	exited := make(chan int, 1)
	s := &faultSwitch{exit: func(code int) { exited <- code }}
	s.set(faults{CrashAfterS: 0.01})
	select {
	case code := <-exited:
		if code != 1 {
			t.Errorf("exit status %d", code)
		}
	case <-time.After(5 * time.Second):
		t.Error("did not crash")
	}
}

func TestTerminationDrainsWithoutLosingARequest(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	c := config{listen: address, drain: 300 * time.Millisecond}
	s := newService(c, faults{LatencyMS: 20})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, c, s) }()
	for deadline := time.Now().Add(5 * time.Second); ; {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("did not start")
		}
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	for time.Now(); !s.draining.Load(); time.Sleep(time.Millisecond) {
	}
	if code, _ := get(t, "http://"+address+"/health/ready"); code != http.StatusServiceUnavailable {
		t.Errorf("ready answers %d while draining", code)
	}
	if code, _ := get(t, "http://"+address+"/"); code != http.StatusOK {
		t.Errorf("a request during the drain was answered %d", code)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
