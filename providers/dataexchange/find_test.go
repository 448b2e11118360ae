package dataexchange

import (
	"slices"
	"testing"
)

func TestEndpointsAreFoundWhateverTheListingLooksLike(t *testing.T) {
	for _, tc := range []struct {
		name, listing, endpoint string
		job                     []string
		way                     way
		socket                  bool
		want                    []string
	}{
		{
			name: "jobs with lists", endpoint: "Orders", job: []string{"5"}, way: inject, want: []string{"https://h/data/5/endpoints/Orders/data"},
			listing: `{"jobs":[{"id":"5","name":"orders","inject":[{"name":"Orders","uri":"https://h/data/5/endpoints/Orders/data"}],"inspect":[{"name":"Results","uri":"https://h/data/5/endpoints/Results/data"}]},
			          {"id":"6","name":"other","inject":[{"name":"Orders","uri":"https://h/data/6/endpoints/Orders/data"}]}]}`,
		},
		{
			name: "jobs by name", endpoint: "Results", job: []string{"7", "xdc_a_b"}, way: inspect, want: []string{"/x/Results"},
			listing: `{"xdc_a_b":{"inspect":{"Results":"/x/Results"}},"zzz":{"inspect":{"Results":"/y/Results"}}}`,
		},
		{
			name: "a flat list with job ids as numbers", endpoint: "Orders", job: []string{"12"}, way: inject, want: []string{"https://h/12/o"},
			listing: `[{"jobId":12,"endpointName":"Orders","http":"https://h/12/o","websocket":"wss://h/12/o"},{"jobId":13,"endpointName":"Orders","http":"https://h/13/o"}]`,
		},
		{
			name: "the predecessor's paths, by operator", endpoint: "IncomingRequest", job: []string{"68"}, way: inject,
			want:    []string{"https://h/streams_application/v1/s-68/endpoints/IncomingRequest_Operands/data"},
			listing: `{"jobs":[{"jobId":"68","injectEndpoints":["https://h/streams_application/v1/s-68/endpoints/IncomingRequest_Operands/data"],"openApi":"https://h/s/service.json"}]}`,
		},
		{
			name: "by stream", endpoint: "Operands", job: []string{"68"}, way: inject, want: []string{"/e/IncomingRequest_Operands/data"},
			listing: `{"jobs":[{"jobId":"68","inject":["/e/IncomingRequest_Operands/data","/e/IncomingRequest_OperationStream/data"]}]}`,
		},
		{
			name: "documents are no endpoints", endpoint: "Orders", job: []string{"1"}, way: inject, want: nil,
			listing: `{"jobs":[{"id":"1","doc":"https://h/Orders","openApiJson":"https://h/1/Orders","x":"https://h/Orders.json"}]}`,
		},
		{
			name: "the way matters", endpoint: "Same", job: []string{"1"}, way: inspect, want: []string{"/out/Same"},
			listing: `{"jobs":[{"id":"1","inject":[{"name":"Same","uri":"/in/Same"}],"inspect":[{"name":"Same","uri":"/out/Same"}]}]}`,
		},
		{
			name: "two ports of one operator are ambiguous", endpoint: "Op", job: []string{"1"}, way: inject, want: []string{"/e/Op_A/data", "/e/Op_B/data"},
			listing: `{"jobs":[{"id":"1","inject":["/e/Op_A/data","/e/Op_B/data"]}]}`,
		},
		{
			name: "an exact name beats a part", endpoint: "Op", job: []string{"1"}, way: inject, want: []string{"/e/1"},
			listing: `{"jobs":[{"id":"1","inject":[{"name":"Op","uri":"/e/1"},{"name":"Op_B","uri":"/e/2"}]}]}`,
		},
		{
			name: "by WebSocket: a scheme", socket: true, endpoint: "Orders", job: []string{"12"}, way: inject, want: []string{"wss://h/12/o"},
			listing: `[{"jobId":12,"endpointName":"Orders","http":"https://h/12/o","other":"wss://h/12/o"},{"jobId":13,"endpointName":"Orders","other":"wss://h/13/o"}]`,
		},
		{
			name: "by WebSocket: a key", socket: true, endpoint: "Orders", job: []string{"1"}, way: inject, want: []string{"/e/2"},
			listing: `{"jobs":[{"id":"1","inject":{"http":[{"name":"Orders","uri":"/e/1"}],"webSocket":[{"name":"Orders","uri":"/e/2"}]}}]}`,
		},
		{
			name: "what is only there by WebSocket is not taken for HTTP", endpoint: "Orders", job: []string{"1"}, way: inject,
			listing: `{"jobs":[{"id":"1","inject":[{"name":"Orders","wsUri":"https://h/e/2"}]}]}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			all, err := candidates([]byte(tc.listing))
			if err != nil {
				t.Fatal(err)
			}
			if got := choose(ofJobs(over(all, tc.socket), tc.job...), tc.endpoint, tc.way); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q; of %+v", got, tc.want, all)
			}
		})
	}
}

func FuzzListing(f *testing.F) {
	for _, s := range []string{`{"jobs":[{"id":1,"inject":["/a"]}]}`, `[]`, `"https://x"`, `{"a":{"a":{"a":[{"uri":"https://h/%zz"}]}}}`, `null`, `{`} {
		f.Add([]byte(s), "Orders")
	}
	f.Fuzz(func(t *testing.T, body []byte, name string) {
		all, err := candidates(body)
		if err != nil {
			return
		}
		for _, u := range choose(all, name, inject) {
			if !isLink(u) {
				t.Errorf("%q is chosen and is no link", u)
			}
		}
	})
}
