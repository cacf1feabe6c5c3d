package main

// mailCmd is about the letters that tell people what became of their cards.
type mailCmd struct {
	Preview mailPreviewCmd `cmd:"" help:"Show what a letter looks like."`
	Test    mailTestCmd    `cmd:"" help:"Send one letter at once, to try the mail server."`
	Outbox  mailOutboxCmd  `cmd:"" help:"List the letters that wait, or were given up."`
}
