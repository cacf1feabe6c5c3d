// Package ui is the full screen: a Bubble Tea app over the walk.
//
// Only App is a tea.Model. A screen is one file and one struct with the four
// methods of screen; its constructor takes functions, not services. It never
// knows its neighbours: it ends by giving an answer (a message), the walk fills
// the draft, and the app turns the page. Nothing blocks in Update: calls go out
// as commands that are bound to the visit of a page, so leaving the page
// cancels them and answers that come late are dropped.
package ui
