package main

import (
	"encoding/json"
	"strings"
)

// locale is the part of a faker locale that the list is made from. Its leaves
// come in several shapes: a list, lists by sex, weighted values, or objects.
type locale struct {
	Person   map[string]json.RawMessage `json:"person"`
	Location map[string]json.RawMessage `json:"location"`
	Company  map[string]json.RawMessage `json:"company"`
	Word     json.RawMessage            `json:"word"`
	Lorem    json.RawMessage            `json:"lorem"`
	Commerce struct {
		Product json.RawMessage `json:"product_name"`
	} `json:"commerce"`
	Color   json.RawMessage `json:"color"`
	Animal  json.RawMessage `json:"animal"`
	Date    json.RawMessage `json:"date"`
	Food    json.RawMessage `json:"food"`
	Science json.RawMessage `json:"science"`
}

func (l list) addLocale(loc locale) {
	for _, of := range []struct {
		from  map[string]json.RawMessage
		field string
		kind  kind
	}{
		{loc.Person, "first_name", given},
		{loc.Person, "middle_name", given},
		{loc.Person, "last_name", family},
		{loc.Person, "prefix", prefix},
		{loc.Person, "job_type", job},
		{loc.Person, "job_title", job},
		{loc.Location, "city_name", city},
		{loc.Location, "state", region},
		{loc.Location, "county", region},
		{loc.Location, "country", country},
		{loc.Company, "legal_entity_type", company},
	} {
		for _, entry := range leaves(of.from[of.field]) {
			l.add(entry, of.kind)
		}
	}
	// Animals, colours, goods and the words of sentences are names of people
	// too ("Rose", "Wolf"), and are marked so that they weigh less.
	for _, raw := range []json.RawMessage{
		loc.Word, loc.Lorem, loc.Commerce.Product, loc.Color, loc.Date, loc.Food, loc.Science,
	} {
		l.addWords(raw)
	}
	animals := make(map[string]json.RawMessage)
	if json.Unmarshal(loc.Animal, &animals) == nil {
		delete(animals, "pet_name") // these are people's names
		for _, raw := range animals {
			l.addWords(raw)
		}
	}
}

// addWords marks single words of entries; longer entries say nothing of a word.
func (l list) addWords(raw json.RawMessage) {
	for _, entry := range leaves(raw) {
		if !strings.ContainsAny(entry, " -'") && entry != "" {
			l.add(entry, word)
		}
	}
}

// leaves returns every string at or below raw.
func leaves(raw json.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	var any any
	if json.Unmarshal(raw, &any) != nil {
		return nil
	}
	return appendLeaves(nil, any)
}

func appendLeaves(to []string, node any) []string {
	switch node := node.(type) {
	case string:
		to = append(to, node)
	case []any:
		for _, child := range node {
			to = appendLeaves(to, child)
		}
	case map[string]any:
		for _, child := range node {
			to = appendLeaves(to, child)
		}
	}
	return to
}
