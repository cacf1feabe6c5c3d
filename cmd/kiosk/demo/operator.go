package demo

// Who works at the demo's desk: Ines Okafor, whose card is one of the world's too.
// Her password opens nothing outside of this demo.
const (
	Operator         = "iokafor"
	OperatorPassword = "front-desk"

	operatorDN = "uid=" + Operator + ",ou=Operations," + directoryBase
)
