package cond_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/cond"
)

var update = flag.Bool("update", false, "write golden files anew")

// wrong holds conditions with mistakes. Those that begin with `when:` stand where one instant is judged.
var wrong = []string{
	``, `   `, `dc1.reachable and`, `dc1.reachable dc2.reachable`, `dc1.reachable && dc2.reachable`, `dc1.reachable || dc2.reachable`,
	`!dc1.reachable`, `dc1.job.a.health = healthy`, `dc1.job.a.health =~ "x"`, `(dc1.reachable`, `dc1.reachable)`, `()`,
	`dc1.job.a.pes < 1 < 2`, `dc1.job.a.health is`, `dc1.job.a.health in ()`, `dc1.job.a.health in healthy`, `action.exec.a.output matches foo`,
	`action.exec.a.output == "abc`, `action.exec.a.output == 'it''s'`, `run.elapsed > 10sec`, `run.elapsed > 5min`, `run.elapsed > 1d`,
	`dc1.reachable for`, `dc1.reachable for ten`, `dc1.reachable for 0s`, `dc1.reachable for 99999h`, `always dc1.reachable within`,
	`always dc1.reachable from`, `always dc1.reachable from 10s`, `always dc1.reachable from wait.w.rto`, `always dc1.reachable form run.started`,
	`alwys dc1.reachable`, `whenever dc1.reachable then dc2.reachable`, `whenever dc1.reachable within 3s`, `dc1.reachable ß`, "dc1.reachable \x00", `@`,
	`wait.w.rto <= 60`, `audit.a.lost_percent <= 1`, `60 >= wait.w.rto`, `wait.w.rto <= 60%`, `dc1.job.a.health is "healthy" and dc1.toolkit.role is "active"`,
	`dc1.reachable > true`, `dc1.job.a.health < healthy`, `action.exec.a.output is running`, `action.exec.a.output == 3`, `dc1.job.a.pes is healthy`,
	`dc1.job.a.health is helthy`, `dc1.toolkit.role is actve`, `dc1.job.a.health in (healthy, nope)`, `dc1.job.a.pes in (1, 2s)`, `dc1.job.a.status == dc1.job.a.health`,
	`healthy`, `healthy is healthy`, `healthy == unhealthy`, `dc1.job.a.pes + healthy > 1`, `dc1.job.a.pes`, `10s`, `dc1.job.a.health`, `"text"`, `dc1.job.a.pes + 1`,
	`dc1.reachable for 3s for 4s`, `dc1.nowhere is 3`, `dc3.reachable and dc4 . reachable`, `and.reachable`, `dc1.job.a.operator["x].queued > 1`,
	`wait.w.rto + 3 > 1s`, `wait.w.rto * wait.w.rto > 1s`, `dc1.job.a.pes / 10s > 1`, `1 / 0 > dc1.job.a.pes`, `- dc1.reachable`, `-"x" == "x"`, `dc1.job.a.pes / (2 - 2) > 1`,
	`1e999 > dc1.job.a.pes`, `rate(dc1.job.a.health, 10s) > 1`, `rate(dc1.job.a.pes, 10) > 1`, `rate(dc1.job.a.pes, from run.started) > 1`, `rate(dc1.job.a.pes, from run.started to run.elapsed) > 1`,
	`rate(10s) > 1`, `median(dc1.job.a.pes) > 1`, `count(run.started) > 1`, `age(run.started) > 1s`, `age(dc1.reachable, 3s) > 1s`, `time(dc1.reachable) > 1s`, `time(run.started, 3s) > 1s`,
	`max(dc1.nowhere, 3s) > 1`, `time(fault.x.y.gone) > 1s`, `dc1.job.a.pes matches "x"`, `dc1.job.a.health matches "("`,
	`when:always dc1.reachable`, `when:not (whenever dc1.reachable then dc2.reachable within 3s)`, `always (always dc1.reachable)`, `always not eventually dc1.reachable`,
	`(always dc1.reachable) for 3s`, `(always dc1.reachable) == true`, `dc1.reachable == (never dc2.reachable)`,
	`dc3.reachable or dc1.job.a.pes or dc1.job.a.health is helthy`,
	strings.Repeat("(", 200) + `dc1.reachable` + strings.Repeat(")", 200), strings.Repeat("not ", 200) + `dc1.reachable`, `dc1.job.a.pes > ` + strings.Repeat("-", 200) + "1",
}

// Each mistake is found at its place and explained; the golden file is the place to judge the words.
func TestMistakesAreExplainedAtTheirPlace(t *testing.T) {
	var b strings.Builder
	for _, text := range wrong {
		mode, name := cond.Verdict, "expect"
		if rest, ok := strings.CutPrefix(text, "when:"); ok {
			mode, text, name = cond.Instant, rest, "when"
		}
		f, problems := cond.Compile(text, mode, everything)
		if len(problems) == 0 || f != nil {
			t.Errorf("%q was accepted as %s", text, f)
		}
		fmt.Fprintf(&b, "%-6s  %s\n", name, clean(text))
		for _, p := range problems {
			if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > len(text) || p.Code == "" || p.Summary == "" || p.Detail == "" {
				t.Errorf("%q: bad problem %+v", text, p)
				continue
			}
			pad := len([]rune(clean(text[:p.Offset])))
			fmt.Fprintf(&b, "        %s%s\n        %s %s. %s\n", strings.Repeat(" ", pad), strings.Repeat("^", max(1, len([]rune(text[p.Offset:p.Offset+p.Length])))), p.Code, p.Summary, clean(p.Detail))
		}
		b.WriteByte('\n')
	}
	golden(t, "testdata/mistakes.txt", b.String())
}

// clean makes one printable line of a text.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return '?'
		}
		return r
	}, s)
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
