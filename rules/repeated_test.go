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

// What a line says beside the cells of its form is searched, as in a table: nobody
// is lost because the line was taken for a row.
func TestPeopleBesideTheRowsOfOneForm(t *testing.T) {
	members := func(i int) string {
		var b strings.Builder
		for k := range 8 {
			fmt.Fprintf(&b, " %c%c%c.%c%c@quay.test", 'a'+i, 'a'+k, 'n'+k, 'b'+i, 'o'+k)
		}
		return b.String()
	}
	for what, line := range map[string]func(given, family string, i int) string{
		"a group": func(g, f string, i int) string {
			return fmt.Sprintf("%s %s (+44 7911 1%05d) asked%s", g, f, i*7919, members(i))
		},
		"a member each with words between": func(g, f string, i int) string {
			return fmt.Sprintf("%s %s (+44 7911 1%05d) asked: %s", g, f, i*7919, strings.ReplaceAll(members(i), " ", " and please write to "))
		},
		"cells": func(g, f string, i int) string {
			return fmt.Sprintf("%s %s,+44 7911 1%05d,%s", g, f, i*7919, members(i))
		},
	} {
		v := decide(t, defaultPolicies(t), envelope, inspectFile(t, "list.txt", people12(line)))
		want := int64(12 + 12*8)
		if strings.HasPrefix(what, "a member") {
			want = 12 * 8 // such lines are no rows, and in text a number is nobody
		}
		if v.Exposure.Subjects != want {
			t.Errorf("%s: %d people, want %d", what, v.Exposure.Subjects, want)
		}
	}
}

// Lines of one form count as a table as those of any other do.
func TestLinesOfOneFormAreATable(t *testing.T) {
	list := people12(func(g, f string, i int) string {
		return fmt.Sprintf("%d. %s %s, %d-0%d-1%d, %s", i+1, g, f, 1950+i*3, 1+i%9, i%9, towns()[i])
	})
	x := decide(t, defaultPolicies(t), envelope, inspect(t, plain(list))).Exposure
	if x.LargestTable != 12 || !x.BodyIsTable {
		t.Errorf("the largest table has %d rows, body_is_table is %v; want 12, true", x.LargestTable, x.BodyIsTable)
	}
}

// People who begin late in a long run of lines of one form, where lines are
// passed as rows unjudged, are read as running text.
func TestPeopleLateInARunOfOneForm(t *testing.T) {
	var b strings.Builder
	for i := range 600 {
		fmt.Fprintf(&b, "2026-05-02T10:%02d:%02dZ level=info msg=build name=step%d part=p%d.o\n", i/60, i%60, i, i*7)
	}
	for i := range 60 {
		fmt.Fprintf(&b, "2026-05-02T11:%02d:00Z level=info msg=build name=%c%cna part=%c%cna.weber%d@quay.test\n", i, 'A'+i%26, 'a'+i/3, 'a'+i%26, 'a'+i/3, i)
	}
	v := decide(t, defaultPolicies(t), envelope, inspectFile(t, "build.log", b.String()))
	if v.Exposure.Subjects != 60 {
		t.Errorf("%d people, want 60", v.Exposure.Subjects)
	}
}
