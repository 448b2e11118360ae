// Package bundletest makes application bundles for tests.
package bundletest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"testing"
)

// ADL is the description of an application: a parameter that is needed, one with a default, a list, and one that says how
// wide a parallel region is.
const ADL = `<?xml version="1.0" encoding="UTF-8"?>
<a:applicationSet xmlns:a="http://www.ibm.com/xmlns/prod/streams/application/v4200" name="demo">
  <a:splApplication name="demo::Orders" applicationScope="Default">
    <a:parallelRegions>
      <a:parallelRegion name="Par" index="0">
        <a:parallelOperator operIndex="1"/>
        <a:parallelWidth><a:submissionTimeParameterIndexForWidth>3</a:submissionTimeParameterIndexForWidth></a:parallelWidth>
      </a:parallelRegion>
      <a:parallelRegion name="Fixed" index="1">
        <a:parallelOperator operIndex="2"/>
        <a:parallelWidth><a:constantWidth>3</a:constantWidth></a:parallelWidth>
      </a:parallelRegion>
    </a:parallelRegions>
    <a:submissionTimeValues>
      <a:submissionTimeValue index="0" kind="named" compositeName="demo::Orders" name="port" required="true"/>
      <a:submissionTimeValue index="1" kind="named" compositeName="demo::Orders" name="mode" required="false" defaultValue="&quot;live&quot;"/>
      <a:submissionTimeValue index="2" kind="namedList" compositeName="demo::Source" name="hosts" required="true"/>
      <a:submissionTimeValue index="3" kind="named" compositeName="demo::Orders" name="width" required="false" defaultValue="2"/>
    </a:submissionTimeValues>
  </a:splApplication>
</a:applicationSet>
`

// Make returns a bundle with a description.
func Make(t testing.TB, adl string) []byte {
	t.Helper()
	var inner bytes.Buffer
	w := tar.NewWriter(&inner)
	for _, f := range [][2]string{{"./toolkits/x/toolkit.xml", "<toolkit/>"}, {"output/demo.Orders.adl", adl}} {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Mode: 0o644, Size: int64(len(f[1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range [][2]string{
		{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"},
		{"bundleInfo.xml", `<bundleInfoModel xmlns="http://www.ibm.com/xmlns/prod/streams/spl/bundleInfoModel" bundleVersion="4.2" adlFile="demo.Orders.adl" applicationDirectory="." outputDirectory="output"/>`},
		{"tar/bundle.tar", inner.String()},
	} {
		e, err := z.Create(f[0])
		if err == nil {
			_, err = e.Write([]byte(f[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
