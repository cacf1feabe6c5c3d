package ui

import (
	"slices"

	"cardkiosk/engine"
)

// foundUsers are the users of a search, in the pages they came in: however
// many there are, none is copied when more come.
type foundUsers struct {
	pages [][]engine.FoundUser
	ends  []int // how many there are up to the end of each page
}

func (f *foundUsers) add(page []engine.FoundUser) {
	if len(page) > 0 {
		f.pages = append(f.pages, page)
		f.ends = append(f.ends, f.count()+len(page))
	}
}

func (f *foundUsers) count() int {
	if len(f.ends) == 0 {
		return 0
	}
	return f.ends[len(f.ends)-1]
}

// at returns the i-th user, from 0.
func (f *foundUsers) at(i int) engine.FoundUser {
	n, _ := slices.BinarySearch(f.ends, i+1)
	page := f.pages[n]
	return page[i-(f.ends[n]-len(page))]
}
