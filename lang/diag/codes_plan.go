package diag

// Codes 2000-2999: what only planning finds. From 2100 on they are warnings, from 2200 on about saved plans.
const (
	PlanCycle      Code = "XDC2000"
	NoProvider     Code = "XDC2001"
	NothingHolds   Code = "XDC2002"
	HeldForEver    Code = "XDC2003"
	CutOff         Code = "XDC2004"
	NoSuchTarget   Code = "XDC2005"
	TooManyHolders Code = "XDC2006"
	CutBeforeStage Code = "XDC2007"
	NoStages       Code = "XDC2008"
	WaitTooShort   Code = "XDC2100"
	CannotBeMet    Code = "XDC2101"
	CannotFail     Code = "XDC2102"
	OnlyAfterHeal  Code = "XDC2103"
	MayGoUnnoticed Code = "XDC2104"
	NoFailover     Code = "XDC2105"
	OverNothing    Code = "XDC2106"
	NotVerified    Code = "XDC2107"
	FailoverOff    Code = "XDC2108"
	StaysSilent    Code = "XDC2109"
	BothPassive    Code = "XDC2110"
	UnevenSnapshot Code = "XDC2111"
	NeverReached   Code = "XDC2112"
	SidesDiffer    Code = "XDC2113"
	TakesTooLong   Code = "XDC2114"
	FileDiffers    Code = "XDC2200"
	PlanDiffers    Code = "XDC2201"
)

var planCodes = []Info{
	{PlanCycle, "Steps wait for each other", "Steps refer to each other in a circle, so that none could ever start."},
	{NoProvider, "No provider for this", "No provider of this xdc has a fault, action, seed or job of this type. `xdc providers` lists what is there."},
	{NothingHolds, "Nothing ends the step", "A fault is held for its duration or, without one, until the steps that depend on it are finished; expectations, audits and probes do not hold it, nor do steps that come after its heal. A probe sends for its duration or, without one, until the faults of the plan are over. This step has neither. Add a duration, or for a fault a wait with `since`."},
	{HeldForEver, "The fault would be held for ever", "A fault without duration is healed when the steps that depend on it are finished, and an audit closes, and a probe without duration ends, only when every fault is healed. Here one of those steps waits, directly or through others, for that heal, audit or probe. Give the fault a duration, or let the step depend on fault.T.N.healed."},
	{CutOff, "xdc would cut itself off", "The fault cuts the path by which xdc reaches the place, so that xdc can neither renew its lease nor heal it. It heals itself when its time is over; therefore it needs a duration."},
	{NoSuchTarget, "No such target", "A step names a target that the plan does not have."},
	{TooManyHolders, "Too many steps hold faults", "Every step that depends on a fault without duration, directly or through others, keeps it in force. In this plan these are so many that the plan could not be handled. Give the faults durations, or let later steps depend on fault.T.N.healed."},
	{CutBeforeStage, "A stage cannot be entered", "A stage of the fault cuts the path by which xdc reaches the place, so that xdc cannot put the next stage in force. Such a stage can only be the last. Leave the way to xdc out of it (ports, networks), or make it the last."},
	{NoStages, "The fault has no stages", "Only some faults can be changed while they are in force; the reference says of each whether it takes `stage` blocks. Write two faults, one after the other."},
	{WaitTooShort, "The wait gives up too early", "By the arithmetic of heartbeats, what the wait waits for cannot have happened by its timeout. It will time out whatever the other side does. Lengthen the timeout, or shorten the intervals."},
	{CannotBeMet, "Cannot be met", "What is known while planning already contradicts the expectation: it will not be met, whatever happens. The plan says which figure is in the way."},
	{CannotFail, "Cannot fail", "The expectation allows as much time as the wait that it is about. Whatever the wait measures meets it, and if the wait times out the verdict is inconclusive: it never says no. Tighten it, or lengthen the wait."},
	{OnlyAfterHeal, "Comes true only after the heal", "The fault is healed before the other side can have noticed it, so the wait can at best end after the heal, and what it then measures is not the recovery from the fault. Hold the fault longer."},
	{MayGoUnnoticed, "The fault may go unnoticed", "A fault that is shorter than the detection window is noticed or not depending on how it falls between two heartbeats. The plan may end either way although nothing has changed. Hold it longer than the window."},
	{NoFailover, "Tests less than it seems to", "The toolkit does not move traffic: producers must. Here the data goes on to the side that the fault hits and nowhere else, so that after the takeover nothing is sent to the survivor. Give the seed the other target too, with route = \"failover\"."},
	{OverNothing, "An expectation over nothing", "There is nothing the expectation could be about: an audit reads where the seed never sends, or the seed sends nothing. (A stretch of time that ends before it begins is XDC1314.) It would be met, or inconclusive, without anything having been tested."},
	{NotVerified, "Not verified", "The identity of the other end is not checked, so anybody in between can read and change what is done."},
	{FailoverOff, "Failover is off", "Without a finite heartbeat interval the toolkit exchanges heartbeats once in 14 years: no side ever notices that the other is gone. State what the application is configured with in the job's toolkit block; the predictions and the twin rest on it."},
	{StaysSilent, "Both sides stay silent", "Once both sides believe the other down, both stop sending heartbeats, and healing the network changes nothing. They come up again only when the application on at least one side is restarted."},
	{BothPassive, "Nobody is active", "Both sides are configured as passive: neither processes data, and nothing ever fails over."},
	{UnevenSnapshot, "Snapshots come at another interval", "Snapshots are taken on heartbeats. If the snapshot interval is no multiple of the heartbeat interval, they come less often than it says, and more may be lost than it seems."},
	{NeverReached, "A threshold that is never reached", "The step waits for a seed to come to a number of records that it never sends. The step would fail when the seed ends."},
	{SidesDiffer, "The two sides differ", "The two sides of a job are configured with different heartbeat or snapshot intervals. Each then detects and replicates at its own pace, and the predictions hold for each side separately."},
	{TakesTooLong, "Longer than the plan's timeout", "By the plan's own figures the run takes longer than its timeout, which would break it off."},
	{FileDiffers, "A file has changed since the plan was saved", "A saved plan runs only with the files it was made from: their sizes and hashes are in it. Restore the file, or save the plan again and look at it."},
	{PlanDiffers, "The plan is not the saved one any more", "Built again from the same files, the plan is not what was shown when it was saved. Save it again and look at it."},
}
