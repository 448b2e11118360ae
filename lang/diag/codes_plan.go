package diag

// Codes of the planner, 2000-2999.
const (
	PlanInternal       Code = "XDC2001"
	PlanCycle          Code = "XDC2002"
	PlanNoProvider     Code = "XDC2003"
	PlanNoEnd          Code = "XDC2004"
	PlanNeedsDuration  Code = "XDC2005"
	PlanNoRoute        Code = "XDC2101"
	PlanShortSeed      Code = "XDC2102"
	PlanUnnoticed      Code = "XDC2103"
	PlanMaybeUnnoticed Code = "XDC2104"
	PlanSticky         Code = "XDC2105"
	PlanNeverComes     Code = "XDC2106"
	PlanTooShort       Code = "XDC2107"
	PlanMaybeTooShort  Code = "XDC2108"
	PlanAfterHeal      Code = "XDC2109"
	PlanConstant       Code = "XDC2110"
	PlanCannotMeet     Code = "XDC2111"
	PlanMayMiss        Code = "XDC2112"
	PlanCannotFail     Code = "XDC2113"
	PlanNoHeartbeat    Code = "XDC2114"
	PlanOddSnapshot    Code = "XDC2115"
	PlanPassivePassive Code = "XDC2116"
	PlanDiffers        Code = "XDC2201"
	PlanUnreadable     Code = "XDC2202"
)

var planCodes = []Info{
	{PlanInternal, "A step depends on one that is not in the plan", "This is a bug of xdc; please report it with the plan."},
	{PlanCycle, "Steps depend on each other in a circle", "No order exists in which they could run. Take one of the references out."},
	{PlanNoProvider, "No provider for this type", "The plan names a type that no provider of this build has. `xdc providers` lists what there is."},
	{PlanNoEnd, "Nothing ends this fault", "A fault is held for its duration, or until the steps that depend on it are finished. This one has neither."},
	{PlanNeedsDuration, "This fault needs a duration", "A fault that cuts the path by which xdc reaches the place it acts at is healed by that place's own timer, which must know when."},
	{PlanNoRoute, "The producers do not fail over", "The toolkit does not move traffic: re-pointing producers is their own part. A plan that leaves it out tests less than it seems to."},
	{PlanShortSeed, "The seed ends before a step that waits for it", "A `when` counts records that the seed will not send."},
	{PlanUnnoticed, "The fault ends before it can be noticed", "The other side is declared down only after several missed heartbeats; a shorter fault passes unnoticed."},
	{PlanMaybeUnnoticed, "The fault may end before it is noticed", "Whether it is noticed depends on when the last heartbeat came. Hold it longer for a test that gives the same answer every time."},
	{PlanSticky, "Healing the link brings nobody back", "After a mutual DOWN both sides are silent until one of them is restarted."},
	{PlanNeverComes, "Nothing in this plan makes this come true", "The fault does not stop what the wait's condition depends on."},
	{PlanTooShort, "The wait gives up before it can succeed", "By arithmetic the condition cannot come true within the timeout."},
	{PlanMaybeTooShort, "The wait may give up too early", "By arithmetic the condition may come true later than the timeout."},
	{PlanAfterHeal, "This can only come true after the heal", "What is measured would be the heal, not the recovery from the fault."},
	{PlanConstant, "This expectation looks at nothing", "Its condition has no signal and no result in it."},
	{PlanCannotMeet, "This objective cannot be met", "By arithmetic detection alone takes longer than the objective."},
	{PlanMayMiss, "This objective is met only with luck", "By arithmetic detection may take longer than the objective."},
	{PlanCannotFail, "This expectation cannot fail as it stands", "The wait gives up long before the objective is reached."},
	{PlanNoHeartbeat, "The heartbeat interval is not stated", "State what the application was configured with, so that the plan can predict."},
	{PlanOddSnapshot, "Snapshots are rarer than they seem", "Make the snapshot interval a multiple of the heartbeat interval."},
	{PlanPassivePassive, "Both sides are passive", "One side must be active."},
	{PlanDiffers, "The saved plan is not what would be run now", "A file, a variable or xdc itself has changed since the plan was saved. Look at the difference, and save it again."},
	{PlanUnreadable, "Not a saved plan", "The file cannot be read as a plan that `xdc plan --out` wrote."},
}
