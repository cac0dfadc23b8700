package similar_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// mailing generates the copies of one mailing: a frame that all mailings of the
// sender have, a body of its own, and fields for each reader.
type mailing struct {
	top, bottom string
	body        []string // paragraphs; "{…}" are fields
	optional    string   // a paragraph that half of the readers get
}

var vocabulary = strings.Fields(`about above account after again against all also although always among amount and another
answer any are around ask away back balance bank because been before began being below best better between bill both bring
building business but call came can care carry case change charge check choose city clear close come company complete contact
contract control cost could country course cover customer date day deal decide delay deliver detail different during each early
easy either email end energy enough enter even evening ever every example expect explain family far fast few field final find
first follow for form free from full further garden gas general give good great group grow half hand have hear help here high
hold home hope hour house how however idea important improve include increase inform inside into invoice issue item join just
keep kind know large last late later learn least leave less let letter level light like line list little live local long look
lower main make many market matter may mean meet meter method might minute month more most move much must name near need never
new next night not note notice now number offer office often old once one only open order other our out over own paid paper part
pay people period person phone place plan please point power present press price product program provide public put quarter
question quick rather reach read ready real reason receive record reduce refund remain repair reply report request rest result
return right road room rule same save season second see send service several share short should show side sign since site small
some soon special staff stand start state statement still stop store street such summer supply support sure system take tariff
team tell term than that the their them then there these they thing think this those through ticket time today together toward
travel try turn under until update use usual value very visit wait want water week welcome well what when where which while who
whole why will winter with within without word work would write year yet you young your`)

func sentence(r *rand.Rand) string {
	words := make([]string, 7+r.IntN(12))
	for i := range words {
		words[i] = vocabulary[r.IntN(len(vocabulary))]
	}
	words[0] = strings.ToUpper(words[0][:1]) + words[0][1:]
	return strings.Join(words, " ") + "."
}

func paragraph(r *rand.Rand, sentences int, fields ...string) string {
	list := make([]string, sentences)
	for i := range list {
		list[i] = sentence(r)
	}
	for _, f := range fields {
		i := r.IntN(len(list))
		words := strings.Fields(list[i])
		at := 1 + r.IntN(len(words)-1)
		list[i] = strings.Join(words[:at], " ") + " " + f + " " + strings.Join(words[at:], " ")
	}
	return strings.Join(list, " ")
}

// frame is what the mailings of one sender have in common.
func frame(r *rand.Rand) (top, bottom string) {
	return "Dear {name},", paragraph(r, 2) + "\n\nKind regards\nThe team\n\n" + paragraph(r, 3) +
		"\nIf you do not want these letters follow {link}\nExample Services Ltd, 12 Mill Lane, Cambridge, registered in England 01234567\n"
}

// newMailing makes a mailing of so many paragraphs in a frame.
func newMailing(r *rand.Rand, top, bottom string, paragraphs int) mailing {
	m := mailing{top: top, bottom: bottom, optional: paragraph(r, 2)}
	fields := []string{"{name}", "{amount}", "{date}", "{number}", "{email}", "{address}"}
	for i := range paragraphs {
		m.body = append(m.body, paragraph(r, 3+r.IntN(4), fields[i%len(fields)], fields[(i+2)%len(fields)]))
	}
	return m
}

var (
	givenNames  = strings.Fields("Alice Amir Anna Beth Carlos Chloe Daniel Diana Edward Elena Felix Grace Zoë Ian Jack Jana")
	familyNames = strings.Fields("Abbott Ahmed Baker Carter Chapman Edwards Ellis Fisher Gibson Grant Østergård Ingram Jackson Öztürk")
)

// copyFor writes one reader's copy. items is how many lines of a bill it has.
func (m mailing) copyFor(r *rand.Rand, items int) string {
	given, family := givenNames[r.IntN(len(givenNames))], familyNames[r.IntN(len(familyNames))]
	name := given + " " + family
	if r.IntN(5) == 0 {
		name = "Ms " + given + " " + given[:1] + ". " + family
	}
	var b strings.Builder
	b.WriteString(m.top + "\n\n")
	for i, p := range m.body {
		b.WriteString(p + "\n\n")
		if i == 0 && r.IntN(2) == 0 {
			b.WriteString(m.optional + "\n\n")
		}
	}
	for i := range items {
		fmt.Fprintf(&b, "2026-%02d-%02d  call to a landline  %d min  %d.%02d\n", 1+r.IntN(12), 1+r.IntN(28), r.IntN(59), i, r.IntN(100))
	}
	b.WriteString(m.bottom)
	return strings.NewReplacer("{name}", name, "{amount}", fmt.Sprintf("£%d.%02d", r.IntN(900), r.IntN(100)),
		"{date}", fmt.Sprintf("%d March 2026", 1+r.IntN(28)), "{number}", fmt.Sprintf("AC-%07d", r.IntN(1e7)),
		"{email}", strings.ToLower(given)+fmt.Sprint(r.IntN(99))+"@inbox.example",
		"{address}", fmt.Sprintf("%d %s Road, Newtown NT%d 4AB", 1+r.IntN(200), familyNames[r.IntN(len(familyNames))], r.IntN(9)),
		"{link}", fmt.Sprintf("https://mail.example/u/%08x", r.Uint32())).Replace(b.String())
}
