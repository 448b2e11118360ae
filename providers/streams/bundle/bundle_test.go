package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers/streams/bundle"
	"github.com/xdc-project/xdc/providers/streams/bundle/bundletest"
)

func read(b []byte) (*bundle.Description, error) {
	return bundle.Read(bytes.NewReader(b), int64(len(b)))
}

func TestABundleSaysWhatItsApplicationNeeds(t *testing.T) {
	got, err := read(bundletest.Make(t, bundletest.ADL))
	if err != nil {
		t.Fatal(err)
	}
	want := &bundle.Description{
		Application: "demo::Orders",
		Parameters: []bundle.Parameter{
			{Name: "port", Composite: "demo::Orders", Required: true},
			{Name: "mode", Composite: "demo::Orders", Default: "\"live\""},
			{Name: "hosts", Composite: "demo::Source", List: true, Required: true},
			{Name: "width", Composite: "demo::Orders", Default: "2"},
		},
		Regions: []bundle.Region{{Name: "Par", Parameter: "width"}, {Name: "Fixed", Width: "3"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func zipped(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t *testing.T, name, text string, size int64) string {
	t.Helper()
	var b bytes.Buffer
	if size == 0 {
		size = int64(len(text))
	}
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size}); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(text))
	_ = w.Flush()
	return b.String()
}

func TestWhatIsNoBundleIsSaidToHaveNoDescription(t *testing.T) {
	const info = `<bundleInfoModel adlFile="a.adl" outputDirectory="./output"/>`
	for name, b := range map[string][]byte{
		"nothing":                    {},
		"no zip":                     []byte("PK\x03\x04 and so on"),
		"no information":             zipped(t, map[string]string{"x": "y"}),
		"information that is no XML": zipped(t, map[string]string{"bundleInfo.xml": "\x00"}),
		"it names no file":           zipped(t, map[string]string{"bundleInfo.xml": "<bundleInfoModel/>"}),
		"no archive":                 zipped(t, map[string]string{"bundleInfo.xml": info}),
		"an archive without it":      zipped(t, map[string]string{"bundleInfo.xml": info, "tar/bundle.tar": tarred(t, "output/b.adl", "x", 1)}),
		"half an archive":            zipped(t, map[string]string{"bundleInfo.xml": info, "tar/bundle.tar": tarred(t, "output/a.adl", "<applicationSet>", 5000)[:520]}),
		"another document":           zipped(t, map[string]string{"bundleInfo.xml": info, "tar/bundle.tar": tarred(t, "output/a.adl", "<x/>", 4)}),
		"elements without an end":    zipped(t, map[string]string{"bundleInfo.xml": info, "tar/bundle.tar": tarred(t, "output/a.adl", strings.Repeat("<a>", 500), 1500)}),
		"an entity":                  zipped(t, map[string]string{"bundleInfo.xml": info, "tar/bundle.tar": tarred(t, "output/a.adl", `<!DOCTYPE x [<!ENTITY e "eeee">]><applicationSet>&e;</applicationSet>`, 0)}),
	} {
		if d, err := read(b); !errors.Is(err, bundle.ErrNone) {
			t.Errorf("%s: got %+v, %v", name, d, err)
		}
	}
}

func TestManyParametersAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<applicationSet name="x"><splApplication name="x"><submissionTimeValues>`)
	for i := range 20_000 {
		fmt.Fprintf(&b, `<submissionTimeValue index="%d" kind="named" compositeName="c" name="p%d" required="true"/>`, i, i)
	}
	b.WriteString(`</submissionTimeValues></splApplication></applicationSet>`)
	d, err := read(bundletest.Make(t, b.String()))
	if err != nil || len(d.Parameters) != 10_000 {
		t.Errorf("got %d parameters, %v", len(d.Parameters), err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(bundletest.Make(f, bundletest.ADL))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		if d, err := read(b); (d == nil) == (err == nil) {
			t.Errorf("got %+v and %v", d, err)
		}
	})
}

func FuzzDescription(f *testing.F) {
	f.Add(bundletest.ADL)
	f.Add("<applicationSet><submissionTimeValues><submissionTimeValue name='x' required='?'/>")
	f.Fuzz(func(t *testing.T, adl string) {
		d, err := read(bundletest.Make(t, adl))
		if err != nil && !errors.Is(err, bundle.ErrNone) {
			t.Errorf("it says %v", err)
		}
		if d != nil {
			for _, p := range d.Parameters {
				if p.Name == "" {
					t.Error("a parameter has no name")
				}
			}
		}
	})
}
