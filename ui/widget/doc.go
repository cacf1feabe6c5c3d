// Package widget holds the parts of screens that know nothing of cards: lists,
// checklists, fields for secrets, rows of buttons, tables of words.
//
// They are plain structs: the screen hands them keys and prints what their View
// returns. Nothing here is a tea.Model.
package widget
