package main

type quarantineCommand struct{}
type incidentsCommand struct{}
type healthCommand struct{}
type demoCommand struct{}

func (demoCommand) Run() error       { return nil }
func (healthCommand) Run() error     { return nil }
func (incidentsCommand) Run() error  { return nil }
func (quarantineCommand) Run() error { return nil }
