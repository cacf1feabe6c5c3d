// Package officer is the officer's full screen: the requests that a CA holds,
// each with what there is to know before one decides, and approve and reject.
//
// It takes functions and plain structs, and knows no CA. App is a tea.Model, a
// program of its own or a page of another; nothing blocks in its Update. While
// it is open, others decide too: it looks again by itself, keeps the focus on
// the request and not on the line, and never answers for a key that was meant
// for something else. What a request says of itself is cleaned as it comes in.
package officer
