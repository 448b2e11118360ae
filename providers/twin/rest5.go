package twin

import "github.com/xdc-project/xdc/providers/twin/api"

// five adds what API 5 says of a job beside. Reference: section 2.3.
func (s still) five(c *api.Call, j *api.Job, group string) {
	j.JobGroup = string(s.dc.at(c).To("jobgroups", group))
}
