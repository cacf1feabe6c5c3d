package due

import (
	"cardkiosk/engine"
)

// The names of the reasons, for filters and programs.
const (
	expires          = "expires"
	otherPolicy      = "other-policy"
	writtenOutside   = "written-outside"
	templateMissing  = "template-missing"
	templateRemoved  = "template-removed"
	attributeChanged = "attribute-changed"
	commonMissing    = "common-missing"
	commonRemoved    = "common-removed"
	commonReplaced   = "common-replaced"
	accessSwitched   = "access-switched"
	revoked          = "revoked"
	updateApproved   = "update-approved"
	updateRejected   = "update-rejected"
	optional         = "optional-available" // never makes a card due
)

// Names are the names of all reasons that make a card due.
func Names() []string {
	return []string{
		expires, otherPolicy, writtenOutside, templateMissing, templateRemoved, attributeChanged,
		commonMissing, commonRemoved, commonReplaced, accessSwitched, revoked,
		updateApproved, updateRejected,
	}
}

// Name is the name of a reason.
func Name(r engine.Reason) string {
	switch r := r.(type) {
	case engine.Expires:
		return expires
	case engine.OtherPolicy:
		return otherPolicy
	case engine.WrittenOutside:
		return writtenOutside
	case engine.TemplateMissing:
		if r.Common {
			return commonMissing
		}
		return templateMissing
	case engine.TemplateRemoved:
		if r.Common {
			return commonRemoved
		}
		return templateRemoved
	case engine.AttributeChanged:
		return attributeChanged
	case engine.CommonReplaced:
		return commonReplaced
	case engine.AccessSwitched:
		return accessSwitched
	case engine.UpdateDecided:
		if r.Approved > 0 {
			return updateApproved
		}
		return updateRejected
	case engine.Revoked:
		return revoked
	case engine.OptionalAvailable:
		return optional
	}
	return ""
}
