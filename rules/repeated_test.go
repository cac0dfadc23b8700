package rules_test

import (
	"fmt"
	"strings"
	"testing"
)

// people12 are a dozen people for lists of one form.
func people12(line func(given, family string, i int) string) string {
	given := []string{"Anna", "Bruno", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Irene", "Jonas", "Klara", "Lukas"}
	family := []string{"Weber", "Conti", "Novak", "Moreau", "Schmidt", "Andersson", "Kowalski", "Rossi", "Garcia", "Meyer", "Fischer", "Jensen"}
	var b strings.Builder
	for i := range given {
		b.WriteString(line(given[i], family[i], i) + "\n")
	}
	return b.String()
}

func towns() []string {
	return []string{"Leeds", "York", "Bristol", "Exeter", "Norwich", "Preston", "Cardiff", "Glasgow", "Belfast", "Sheffield", "Derby", "Hull"}
}

// A list of people in running text is counted, whatever stands between what is
// said of each.
func TestPeopleInLinesOfOneForm(t *testing.T) {
	for name, line := range map[string]func(given, family string, i int) string{
		"card": func(g, f string, i int) string {
			return fmt.Sprintf("%s %s: +44 7911 1%05d, %s.%s@northline.test", g, f, i*7919, strings.ToLower(g), strings.ToLower(f))
		},
		"bracket": func(g, f string, i int) string { return fmt.Sprintf("%s %s (+44 7911 1%05d)", g, f, i*7919) },
		"numbered": func(g, f string, i int) string {
			return fmt.Sprintf("%d. %s, %s / %d-0%d-1%d / %s", i+1, f, g, 1950+i*3, 1+i%9, i%9, towns()[i])
		},
		"chat": func(g, f string, i int) string {
			return fmt.Sprintf("[10:%02d] agent: verified %s %s, born %d-0%d-1%d, postcode 40%02d", i*3, g, f, 1950+i*3, 1+i%9, i%9, i*5)
		},
		"logfmt": func(g, f string, i int) string {
			return fmt.Sprintf("2026-05-02T10:%02d:00Z level=info msg=signup name=\"%s %s\" mail=%s@northline.test ip=10.3.%d.7", i*3, g, f, strings.ToLower(f), i)
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := decide(t, defaultPolicies(t), envelope, inspectFile(t, "list.txt", "Hello,\n\nhere they are.\n\n"+people12(line)+"\nRegards\n"))
			if v.Exposure.Subjects != 12 {
				t.Errorf("%d people, want 12:\n%s", v.Exposure.Subjects, people12(line))
			}
		})
	}
}

// Lines of one form that name people are not records of them when nothing else
// is said of each, or what everybody may know.
func TestLinesOfOneFormThatAreNoRecords(t *testing.T) {
	for name, line := range map[string]func(given, family string, i int) string{
		"chess": func(g, f string, i int) string {
			return fmt.Sprintf("%d. %s %s - %s %s  1-0 (%d)", i+1, g, f, "Otto", "Lindqvist", 1950+i)
		},
		"minutes": func(g, f string, i int) string {
			return fmt.Sprintf("%d. %s %s to send the draft of section %d by 2026-0%d-1%d", i+1, g, f, i, 1+i%9, i%9)
		},
		"changes": func(g, f string, i int) string {
			return fmt.Sprintf("* [%08xab] - build: update part %d (%s %s) [#%d](https://forge.test/pull/%d)", i*77777777, i, g, f, 5000+i*7, 5000+i*7)
		},
		"works": func(g, f string, i int) string {
			return fmt.Sprintf("[%d] %s %s, \"On Things\", Orchid Press, pp. %d-%d, %d.", i+1, g, f, i*9, i*9+8, 1960+i*3)
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := decide(t, defaultPolicies(t), envelope, inspectFile(t, "list.txt", people12(line)))
			if v.Exposure.Subjects != 0 {
				t.Errorf("%d people (%s), want none:\n%s", v.Exposure.Subjects, v.Policy, people12(line))
			}
		})
	}
}
