// Package lab builds two data centres on this machine: network namespaces with real SSH servers, real firewalls and real
// processes, joined by a router, and a runner's namespace from which everything is reached.
//
// The platform's services in it are the twin's. What the kernel cannot do is found out and said.
package lab
