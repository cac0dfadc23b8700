package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Settings is what the program runs with, for people to read.
type Settings struct {
	Version, Revision string
	RuleSet, Policies string // versions
	Started           time.Time
	DataDir           string
	Values            []Setting
	Indexes           []Index
	Certificates      []Certificate
}

// SettingsSource tells what the program runs with.
type SettingsSource func(context.Context) Settings

// Setting is one setting in force, with secrets hidden.
type Setting struct {
	Name   string // as the configuration has it, such as smtp.max_size
	Value  string // "" where nothing is set
	Origin string
	// Changed is whether it is other than the default.
	Changed bool
}

// Index is an index of the owner's own records in use.
type Index struct {
	Name    string
	Records int64
	Built   time.Time
}

// Certificate is one that the program shows to others.
type Certificate struct {
	Where string    // an address
	Ends  time.Time // zero: there is none yet
}

// settingsPage shows the settings by the group that they are in.
type settingsPage struct {
	frame
	Settings
	Groups []settingGroup
	Now    time.Time
}

// settingGroup is the settings with the same first word.
type settingGroup struct {
	Name     string
	Settings []Setting
}

// Soon reports whether a time is less than three weeks away.
func (p *settingsPage) Soon(t time.Time) bool { return t.Before(p.Now.AddDate(0, 0, 21)) }

// Old reports whether a time is more than a month ago: an index of then misses
// the customers since.
func (p *settingsPage) Old(t time.Time) bool { return t.Before(p.Now.AddDate(0, -1, 0)) }

// errNoSettings says that there are no settings to show.
var errNoSettings = errors.New("no settings")

func (c *console) settings(w http.ResponseWriter, r *http.Request) {
	if c.cfg.Settings == nil {
		c.fail(w, r, errNoSettings)
		return
	}
	p := settingsPage{frame: frame{Title: "Settings", Section: "Settings"}, Settings: c.cfg.Settings(r.Context()), Now: time.Now()}
	p.Groups = grouping(p.Values)
	c.show(w, r, http.StatusOK, "settings.html", &p)
}

// general is the group of the settings that have none.
const general = "general"

// grouping puts settings into groups, in their order.
func grouping(all []Setting) []settingGroup {
	groups := []settingGroup{{Name: general}}
	for _, s := range all {
		name, _, within := strings.Cut(s.Name, ".")
		if !within {
			groups[0].Settings = append(groups[0].Settings, s)
			continue
		}
		if groups[len(groups)-1].Name != name {
			groups = append(groups, settingGroup{Name: name})
		}
		g := &groups[len(groups)-1]
		g.Settings = append(g.Settings, s)
	}
	return groups
}
