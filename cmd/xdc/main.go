// Command xdc plans, rehearses and runs failover tests across two data centres.
package main

func main() {}
