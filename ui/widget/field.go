package widget

import "charm.land/bubbles/v2/textinput"

// NewField is a field for a line of text that is no secret.
func NewField(typed string) textinput.Model {
	field := textinput.New()
	field.Prompt = ""
	field.CharLimit = 120
	field.KeyMap.Paste.SetEnabled(false) // it would start programs to reach a clipboard
	styles := field.Styles()
	styles.Cursor.Blink = false
	field.SetStyles(styles)
	field.SetValue(typed)
	return field
}
