package streams

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers"
)

func TestWhatPEsUseIsReportedAndSummed(t *testing.T) {
	metrics := func(pairs ...any) []object {
		var out []object
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, object{"name": pairs[i], "value": pairs[i+1]})
		}
		return out
	}
	one, two, stopped := pe("1", "running", 1), pe("2", "running", 1), pe("3", "stopped", 1)
	one["metrics"] = metrics("nCpuMilliseconds", 500, "nMemoryConsumption", 10, "other", 1)
	one["outputPorts"] = []object{{"metrics": metrics("nBrokenConnections", 2), "connections": []object{{"metrics": metrics("congestionFactor", 7)}, {"metrics": metrics("congestionFactor", 40)}}}}
	two["metrics"] = metrics("nCpuMilliseconds", 20)
	two["outputPorts"] = []object{{"connections": []object{{"metrics": metrics("congestionFactor", 0)}}}}
	stopped["metrics"] = metrics("nCpuMilliseconds", 9999)
	jobs := []object{job("1", "orders", "running", "healthy", one, two, stopped)}
	on(t, &server{status: "running", jobs: jobs, metrics: jobs}, func(t *testing.T, _ providers.Env, s *Session) {
		if err := s.Track(providers.JobInfo{Path: "job.orders"}, []byte(`{"id":"1","name":"orders"}`)); err != nil {
			t.Fatal(err)
		}
		got := round(t, s)
		seen := map[string]float64{}
		for _, p := range []string{"", `.pe["1"]`, `.pe["2"]`, `.pe["3"]`} {
			for _, n := range []string{".cpu_ms", ".memory", ".congestion", ".connections_broken"} {
				if r, ok := got["job.orders"+p+n]; ok {
					seen[p+n] = r.Value.Num
				}
			}
		}
		want := map[string]float64{
			".cpu_ms": 520, ".memory": 10240, ".congestion": 40, ".connections_broken": 2,
			`.pe["1"].cpu_ms`: 500, `.pe["1"].memory`: 10240, `.pe["1"].congestion`: 40, `.pe["1"].connections_broken`: 2,
			`.pe["2"].cpu_ms`: 20, `.pe["2"].congestion`: 0,
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Error(diff)
		}
	})
}
