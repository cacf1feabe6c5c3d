package pcsc

import "testing"

// No visit has the number of an earlier one: not when pcscd's count starts
// again, nor when it wraps, nor when a reader comes back.
func TestVisitNumbers(t *testing.T) {
	v := &visits{}
	seen := map[int]string{}
	visit := func(when string, count int) {
		v.update(map[string]int{"A": count, "B": 7})
		if before, ok := seen[v.of("A")]; ok {
			t.Errorf("%s: number %d, as %s", when, v.of("A"), before)
		}
		seen[v.of("A")] = when
	}
	visit("at first", 1)
	visit("pulled and put back", 3)
	visit("at the end of pcscd's count", 0xffff)
	other := v.of("B")

	v.update(map[string]int{"B": 7}) // A is unplugged
	visit("plugged in again", 1)
	if v.of("B") != other {
		t.Errorf("the visit in the other reader went from %d to %d", other, v.of("B"))
	}
	v.forget()
	visit("after pcscd's restart", 1)
	if v.of("B") == other {
		t.Errorf("the visit in the other reader is still %d after pcscd's restart", other)
	}
}
