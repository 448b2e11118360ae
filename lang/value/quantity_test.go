package value_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/value"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "512": 512, "512B": 512, "64KiB": 65536, "10MB": 10_000_000, "1.5GiB": 1610612736, "1 KiB": 1024, "2TiB": 2 << 40, "1kB": 1000,
	} {
		if got, err := value.ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "KiB", "-1", "1.5", "0.3B", "1e3", "1kib", "64 K", "1..5KiB", "9999999999TiB", "1/2KiB", ".5KiB", "5.KiB"} {
		if got, err := value.ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", text, got)
		}
	}
}

func TestSizesAreReadAsTheyArePrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Min(0).Draw(t, "n")
		text := value.FormatSize(n)
		if got, err := value.ParseSize(text); err != nil || got != n {
			t.Fatalf("%d prints as %q, which reads as %d, %v", n, text, got, err)
		}
	})
}

func TestParsePercent(t *testing.T) {
	for text, want := range map[string]float64{"1%": 0.01, "0.5%": 0.005, "100%": 1, "0%": 0, "250 %": 2.5} {
		if got, err := value.ParsePercent(text); err != nil || got != want {
			t.Errorf("ParsePercent(%q) = %g, %v, want %g", text, got, err, want)
		}
	}
	for _, text := range []string{"", "%", "1", "-1%", "1e3%", "1/2%", "x%", "1%%"} {
		if got, err := value.ParsePercent(text); err == nil {
			t.Errorf("ParsePercent(%q) = %g, want an error", text, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]string{"250ms": "250ms", "60s": "1m", "1m30s": "1m30s", "2h": "2h", "1.5s": "1.5s", "0s": "0s"} {
		d, err := value.ParseDuration(text)
		if err != nil || d.String() != want {
			t.Errorf("ParseDuration(%q) = %s, %v, want %s", text, d, err, want)
		}
	}
	for _, text := range []string{"", "5", "-5s", "+5s", "5us", "5ns", "5µs", "five"} {
		if d, err := value.ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %s, want an error", text, d)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	f.Add("64KiB")
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := value.ParseSize(s); err == nil && n < 0 {
			t.Errorf("%q is %d", s, n)
		}
		_, _ = value.ParsePercent(s)
	})
}
